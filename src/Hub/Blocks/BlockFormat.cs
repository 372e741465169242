using System.Collections.Immutable;
using System.Text.Json;
using Tunnel.Hub.Keeping;
using Tunnel.Shared.Files;
using Tunnel.Shared.Firewall;
using Tunnel.Shared.Hosting;
using Tunnel.Shared.Protocol.Addresses;

namespace Tunnel.Hub.Blocks;

/// <summary>
/// The JSON of the blocks, as <c>blocks.json</c> has it and hubs share it. The ends of blocks are in UTC, so that each block's remaining
/// time is the same after a restart and at every hub.
/// </summary>
/// <param name="place">Where it is, for messages.</param>
internal sealed class BlockFormat(string place)
{
    public const string FileName = "blocks.json";

    /// <summary>Makes the keeper of the file in a state directory.</summary>
    public static FileKeeper FileIn(string directory, IStateFiles files) => new(directory, FileName, "blocks", files);

    /// <summary>Reads the blocks; a single one that is damaged is left out.</summary>
    /// <exception cref="BlocksDamagedException">It is not what a hub of this version writes.</exception>
    public BlockSet Read(byte[] content)
    {
        try
        {
            return JsonSerializer.Deserialize(content, BlockJson.Default.BlockDocument)
                is { Version: BlockDocument.CurrentVersion, Blocks: { } blocks }
                ? new BlockSet([.. blocks.Where(IsWhole).Take(FirewallConfigReader.MaxTimedBlocks)])
                : throw Unreadable("they have another version");
        }
        catch (JsonException error)
        {
            throw Unreadable(error.Message, error);
        }
    }

    public static byte[] Write(BlockSet set) =>
        JsonSerializer.SerializeToUtf8Bytes(new BlockDocument(BlockDocument.CurrentVersion, set.Blocks), BlockJson.Default.BlockDocument);

    // A disk error may have damaged a member in a way that is still valid JSON.
    private static bool IsWhole(Block? block) =>
        block is { Ip: not null, Edges.IsDefault: false } && IpRange.TryParse(block.Ip, out _, out _);

    private BlocksDamagedException Unreadable(string what, Exception? cause = null) =>
        new($"The hub's blocks in {place} can't be read: {what}.", cause);
}

/// <summary>The blocks that were kept are not what a hub of this version writes.</summary>
internal sealed class BlocksDamagedException(string message, Exception? cause) : OperatorException(message, cause);

/// <summary>All blocks at one moment. Immutable.</summary>
internal sealed record BlockSet(ImmutableArray<Block> Blocks);
