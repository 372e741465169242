using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Tunnel.Shared.Files;
using Tunnel.Shared.Firewall;
using Tunnel.Shared.Hosting;
using Tunnel.Shared.Protocol.Addresses;

namespace Tunnel.Hub.Blocks;

/// <summary>
/// The timed blocks. They are read without a lock, changed by one writer at a time, and on the disk before they take effect. They end by
/// the clock; nobody has to be told, since each edge counts down by itself.
/// </summary>
public sealed class BlockList : ITimedBlocks
{
    private readonly BlockFile _file;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly SemaphoreSlim _writer = new(1, 1);
    private volatile State _state;
    private Action<Block>? _changed;

    internal BlockList(string stateDir, IStateFiles files, TimeProvider time, ILogger logger)
    {
        _file = new BlockFile(stateDir, files, logger);
        (_time, _logger) = (time, logger);
        _state = new State(0, _file.Load());
        if (!Current.IsEmpty)
            BlocksLog.Loaded(logger, Current.Length);
    }

    event Action<Block>? ITimedBlocks.Changed
    {
        add => _changed += value;
        remove => _changed -= value;
    }

    /// <summary>The blocks that have not ended, by address.</summary>
    public ImmutableArray<Block> Current
    {
        get
        {
            var now = _time.GetUtcNow();
            return [.. _state.Blocks.Where(block => !block.IsOver(now))];
        }
    }

    long ITimedBlocks.Version => _state.Version;

    IReadOnlyList<TimedBlock> ITimedBlocks.For(string edgeId)
    {
        var now = _time.GetUtcNow();
        return
        [
            .. _state.Blocks.Where(block => !block.IsOver(now) && block.AppliesTo(edgeId))
                .Select(block => IpRange.TryParse(block.Ip, out var source, out _) ? new TimedBlock(source, block.SecondsLeft(now)) : null)
                .OfType<TimedBlock>(),
        ];
    }

    /// <summary>Blocks a source from now on; replaces a block of the same address or CIDR.</summary>
    /// <param name="source">The source.</param>
    /// <param name="duration">How long, 1 s to 365 days.</param>
    /// <param name="edges">The edges that it applies to; empty: all.</param>
    /// <param name="reason">The reason, for the operator.</param>
    /// <param name="cancellationToken">Cancels the change before anything is written.</param>
    /// <returns>The block, or null when there are 10,000 already.</returns>
    /// <exception cref="OperatorException">The block could not be written; nothing changed.</exception>
    public async Task<Block?> AddAsync(
        IpRange source, TimeSpan duration, ImmutableArray<string> edges, string? reason, CancellationToken cancellationToken)
    {
        var now = _time.GetUtcNow();
        var block = new Block { Ip = source.ToString(), Edges = edges, Since = now, Until = now + duration, Reason = reason };
        Block? replaced = null;
        var done = await ChangeAsync(
            blocks =>
            {
                replaced = blocks.FirstOrDefault(other => other.Ip == block.Ip);
                var others = blocks.RemoveAll(other => other.Ip == block.Ip);
                return others.Length >= FirewallConfigReader.MaxTimedBlocks ? null : others.Add(block);
            },
            cancellationToken);
        if (!done)
            return null;
        BlocksLog.Blocked(_logger, block.Ip, block.Until, edges.IsDefaultOrEmpty ? "all edges" : string.Join(", ", edges));
        // Edges that only the replaced block applied to have to drop it.
        _changed?.Invoke(replaced is null || edges.IsDefaultOrEmpty ? block : block with
        {
            Edges = replaced.Edges.IsDefaultOrEmpty ? [] : [
            .. edges, .. replaced.Edges]
        });
        return block;
    }

    /// <summary>Lifts the block of an address or CIDR.</summary>
    /// <returns>The block that was lifted; null when there was none.</returns>
    /// <exception cref="OperatorException">The change could not be written; nothing changed.</exception>
    public async Task<Block?> RemoveAsync(IpRange source, CancellationToken cancellationToken)
    {
        Block? removed = null;
        await ChangeAsync(
            blocks =>
            {
                removed = blocks.FirstOrDefault(block => block.Ip == source.ToString());
                return removed is null ? null : blocks.Remove(removed);
            },
            cancellationToken);
        if (removed is not null)
        {
            BlocksLog.Lifted(_logger, removed.Ip);
            _changed?.Invoke(removed);
        }

        return removed;
    }

    private async Task<bool> ChangeAsync(Func<ImmutableArray<Block>, ImmutableArray<Block>?> change, CancellationToken cancellationToken)
    {
        await _writer.WaitAsync(cancellationToken);
        try
        {
            if (change(Current) is not { } next)
                return false;
            ImmutableArray<Block> sorted = [.. next.OrderBy(block => block.Ip, StringComparer.Ordinal)];
            await Task.Run(() => _file.Save(sorted), cancellationToken);
            _state = new State(_state.Version + 1, sorted);
            return true;
        }
        finally
        {
            _writer.Release();
        }
    }

    private sealed record State(long Version, ImmutableArray<Block> Blocks);
}
