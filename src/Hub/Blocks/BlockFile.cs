using System.Collections.Immutable;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Tunnel.Shared.Files;
using Tunnel.Shared.Firewall;
using Tunnel.Shared.Hosting;
using Tunnel.Shared.Protocol.Addresses;

namespace Tunnel.Hub.Blocks;

/// <summary>
/// <c>blocks.json</c>: complete and on the disk under another name before it takes the old one's place. With ends in UTC, so that a restart
/// keeps what is left of each block.
/// </summary>
internal sealed class BlockFile(string directory, IStateFiles files, ILogger logger)
{
    public const string FileName = "blocks.json";

    private readonly string _path = Path.Combine(directory, FileName);

    /// <summary>
    /// Reads the blocks; none when there is no file. A damaged one is kept under another name: the hub is needed more than the blocks.
    /// </summary>
    public ImmutableArray<Block> Load()
    {
        try
        {
            files.MakeDirectory(directory);
            if (files.Read(_path) is not { } content)
                return [];
            if (JsonSerializer.Deserialize(content, BlockJson.Default.BlockDocument)
                is { Version: BlockDocument.CurrentVersion, Blocks: { } blocks })
                return [.. blocks.Where(IsWhole).Take(FirewallConfigReader.MaxTimedBlocks)];
            SetAside("it has another version");
        }
        catch (JsonException error)
        {
            SetAside(error.Message);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new OperatorException($"The hub's blocks {_path} can't be read: {error.Message}", error);
        }

        return [];
    }

    /// <summary>Writes the blocks; on return they are on the disk. Blocks: to be called on the pool.</summary>
    /// <exception cref="OperatorException">They could not be written; the old file is in force.</exception>
    public void Save(ImmutableArray<Block> blocks)
    {
        try
        {
            files.Replace(
                _path,
                JsonSerializer.SerializeToUtf8Bytes(
                    new BlockDocument(BlockDocument.CurrentVersion, blocks), BlockJson.Default.BlockDocument));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new OperatorException($"The change could not be saved in {_path}, so nothing was changed: {error.Message}", error);
        }
    }

    // A disk may have spoilt what a member is, where JSON says nothing against it.
    private static bool IsWhole(Block? block) =>
        block is { Ip: not null, Edges.IsDefault: false } && IpRange.TryParse(block.Ip, out _, out _);

    private void SetAside(string what)
    {
        var aside = _path + ".damaged";
        files.Rename(_path, aside);
        BlocksLog.Damaged(logger, _path, what, aside);
    }
}
