using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Tunnel.Hub.Keeping;
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
    private readonly KeptValue<BlockSet> _kept;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private Action<Block>? _changed;

    private BlockList(IDocumentKeeper keeper, TimeProvider time, ILogger logger)
    {
        (_time, _logger) = (time, logger);
        _kept = new KeptValue<BlockSet>(keeper, new BlockSet([]))
        {
            Read = new BlockFormat(keeper.Place).Read,
            Write = BlockFormat.Write,
            Applied = OnApplied,
        };
    }

    /// <summary>
    /// Reads the blocks. A damaged document is kept under another name where that is this hub's to do, and the hub starts without blocks,
    /// since the hub is needed more than they are.
    /// </summary>
    internal static async Task<BlockList> OpenAsync(
        IDocumentKeeper keeper, TimeProvider time, ILogger logger, CancellationToken cancellationToken)
    {
        var blocks = new BlockList(keeper, time, logger);
        try
        {
            await blocks._kept.OpenAsync(cancellationToken);
        }
        catch (BlocksDamagedException damaged)
        {
            BlocksLog.Damaged(logger, damaged.Message, keeper.SetAside() ?? keeper.Place);
        }

        if (!blocks.Current.IsEmpty)
            BlocksLog.Loaded(logger, blocks.Current.Length);
        return blocks;
    }

    event Action<Block>? ITimedBlocks.Changed
    {
        add => _changed += value;
        remove => _changed -= value;
    }

    /// <summary>The blocks that have not ended, by address.</summary>
    public ImmutableArray<Block> Current => Lasting(_kept.Current);

    long ITimedBlocks.Version => _kept.Version;

    IReadOnlyList<TimedBlock> ITimedBlocks.For(string edgeId)
    {
        var now = _time.GetUtcNow();
        return
        [
            .. _kept.Current.Blocks.Where(block => !block.IsOver(now) && block.AppliesTo(edgeId))
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
        var done = false;
        await _kept.ChangeAsync(
            before =>
            {
                var others = Lasting(before).RemoveAll(other => other.Ip == block.Ip);
                done = others.Length < FirewallConfigReader.MaxTimedBlocks;
                return done ? Sorted(others.Add(block)) : null;
            },
            cancellationToken);
        if (!done)
            return null;
        BlocksLog.Blocked(_logger, block.Ip, block.Until, edges.IsDefaultOrEmpty ? "all edges" : string.Join(", ", edges));
        return block;
    }

    /// <summary>Lifts the block of an address or CIDR.</summary>
    /// <returns>The block that was lifted; null when there was none.</returns>
    /// <exception cref="OperatorException">The change could not be written; nothing changed.</exception>
    public async Task<Block?> RemoveAsync(IpRange source, CancellationToken cancellationToken)
    {
        Block? removed = null;
        await _kept.ChangeAsync(
            before =>
            {
                var lasting = Lasting(before);
                removed = lasting.FirstOrDefault(block => block.Ip == source.ToString());
                return removed is null ? null : Sorted(lasting.Remove(removed));
            },
            cancellationToken);
        if (removed is not null)
            BlocksLog.Lifted(_logger, removed.Ip);
        return removed;
    }

    private ImmutableArray<Block> Lasting(BlockSet set)
    {
        var now = _time.GetUtcNow();
        return [.. set.Blocks.Where(block => !block.IsOver(now))];
    }

    private static BlockSet Sorted(ImmutableArray<Block> blocks) => new([.. blocks.OrderBy(block => block.Ip, StringComparer.Ordinal)]);

    // This is called whoever made the change, this hub or another one.
    private void OnApplied(BlockSet before, BlockSet after)
    {
        var gone = Lasting(before).ToDictionary(block => block.Ip, StringComparer.Ordinal);
        foreach (var block in after.Blocks)
        {
            if (!gone.Remove(block.Ip, out var replaced))
                _changed?.Invoke(block);
            else if (!block.IsSameAs(replaced))
                _changed?.Invoke(block with { Edges = OfBoth(block, replaced) });
        }

        foreach (var lifted in gone.Values)
            _changed?.Invoke(lifted);
    }

    // Edges that only the replaced block applied to have to drop it.
    private static ImmutableArray<string> OfBoth(Block block, Block replaced) =>
        block.Edges.IsDefaultOrEmpty || replaced.Edges.IsDefaultOrEmpty ? [] : [.. block.Edges, .. replaced.Edges];
}
