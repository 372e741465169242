using System.Collections.Immutable;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Tunnel.Shared.Files;
using Tunnel.Shared.Firewall;
using Tunnel.Shared.Hosting;
using Tunnel.Shared.Protocol.Addresses;

namespace Tunnel.Hub.Blocks;

/// <summary>
/// <c>blocks.json</c>: a new version is complete and on the disk under another name before it replaces the old one. The ends of blocks
/// are in UTC, so that a restart keeps the remaining time of each block.
/// </summary>
internal sealed class BlockFile(string directory, IStateFiles files, ILogger logger)
{
    public const string FileName = "blocks.json";

    private readonly string _path = Path.Combine(directory, FileName);

    /// <summary>
    /// Reads the blocks; none when there is no file. A damaged file is kept under another name and the hub starts without blocks, since
    /// the hub is needed more than they are.
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
            throw new OperatorException($"The hub's blocks {_path} can't be read: {FileFault.Of(error, _path)}.", error);
        }

        return [];
    }

    /// <summary>Writes the blocks; on return they are on the disk. It waits for the disk, so call it on the thread pool.</summary>
    /// <exception cref="OperatorException">They could not be written; the old file stays in force.</exception>
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
            throw new OperatorException(
                $"The change could not be saved in {_path}, so nothing was changed: {FileFault.Of(error, _path)}.", error);
        }
    }

    // A disk error may have damaged a member in a way that is still valid JSON.
    private static bool IsWhole(Block? block) =>
        block is { Ip: not null, Edges.IsDefault: false } && IpRange.TryParse(block.Ip, out _, out _);

    private void SetAside(string what)
    {
        var aside = _path + ".damaged";
        files.Rename(_path, aside);
        BlocksLog.Damaged(logger, _path, what, aside);
    }
}
