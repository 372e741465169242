using System.Collections.Immutable;
using Tunnel.Hub.Blocks;
using Tunnel.Hub.Edges.Allowed;
using Tunnel.Hub.Edges.State;
using Tunnel.Hub.Events;

namespace Tunnel.Hub;

/// <summary>Tells by events what operators have changed, edges and blocks, at whichever hub they did it.</summary>
internal sealed class ChangeReports : IDisposable
{
    private readonly EdgeStore _edges;
    private readonly BlockList _blocks;
    private readonly HubEventFeed _events;
    private readonly TimeProvider _time;

    public ChangeReports(EdgeStore edges, BlockList blocks, HubEventFeed events, TimeProvider time)
    {
        (_edges, _blocks, _events, _time) = (edges, blocks, events, time);
        edges.Changed += OnEdgesChanged;
        ((ITimedBlocks)blocks).Changed += OnBlockChanged;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _edges.Changed -= OnEdgesChanged;
        ((ITimedBlocks)_blocks).Changed -= OnBlockChanged;
    }

    private void OnEdgesChanged(EdgeSetChange change) =>
        _events.Post(new EdgesChangedEvent(change.Added.Length, change.Updated.Length, change.Removed.Length)
        {
            Time = _time.GetUtcNow(),
            AddedIds = First(change.Added),
            UpdatedIds = First(change.Updated),
            RemovedIds = First(change.Removed),
        });

    private void OnBlockChanged(Block changed)
    {
        var present = _blocks.Current.FirstOrDefault(block => block.Ip == changed.Ip);
        _events.Post(present is null
            ? new SourceUnblockedEvent(changed.Ip) { Time = _time.GetUtcNow() }
            : new SourceBlockedEvent(present.Ip, present.Until, First(present.Edges), present.Reason) { Time = _time.GetUtcNow() });
    }

    private static ImmutableArray<string> First(ImmutableArray<string> ids) =>
        ids.IsDefaultOrEmpty ? [] : [.. ids.Order(StringComparer.Ordinal).Take(EdgesChangedEvent.MaxIds)];
}
