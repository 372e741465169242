using Tunnel.Shared.Transport;

namespace Tunnel.Hub.Edges.Live;

/// <summary>
/// The tunnels of one edge id. Everything but <see cref="Elections"/> and what is summed up over them is used under the registry's lock.
/// </summary>
internal sealed class EdgeSlot
{
    // Of the same tunnels, for each stream that is opened.
    private volatile EdgeTunnel[] _all = [];

    /// <summary>All tunnels that are not over: the primary, draining ones, newcomers not yet elected. The oldest comes first.</summary>
    public List<EdgeTunnel> Tunnels { get; } = [];

    /// <summary>Streams open at present, over all tunnels and their lanes. Without the lock.</summary>
    public int ActiveStreams
    {
        get
        {
            var sum = 0;
            foreach (var live in _all)
                sum += live.Tunnel!.ActiveStreams;
            return sum;
        }
    }

    /// <summary>UDP sessions open at present, likewise.</summary>
    public int ActiveSessions
    {
        get
        {
            var sum = 0;
            foreach (var live in _all)
                sum += live.Tunnel!.ActiveSessions;
            return sum;
        }
    }

    public void Add(EdgeTunnel live)
    {
        Tunnels.Add(live);
        live.Slot = this;
        _all = [.. Tunnels];
    }

    public void Remove(EdgeTunnel live)
    {
        Tunnels.Remove(live);
        _all = [.. Tunnels];
    }

    /// <summary>The one that new streams are expected on; null when there is none that wants them.</summary>
    public EdgeTunnel? Primary { get; set; }

    /// <summary>Since when the edge is connected, over all its tunnels; null before the first was elected.</summary>
    public DateTimeOffset? ConnectedSince { get; set; }

    /// <summary>Its public address as it last said; null before.</summary>
    public string? PublicIp { get; set; }

    /// <summary>When a base peer last replaced a tunnel.</summary>
    public DateTimeOffset LastReplaced { get; set; } = DateTimeOffset.MinValue;

    /// <summary>The process that was turned away last: it tries again every few seconds, and is told of once.</summary>
    public string? TurnedAway { get; set; }

    /// <summary>What tunnels that are over have carried while the edge was connected.</summary>
    public TunnelCounters Ended { get; private set; }

    /// <summary>Newcomers are dealt with one after the other: a probe takes seconds.</summary>
    public SemaphoreSlim Elections { get; } = new(1);

    public void AddEnded(TunnelCounters counters) => Ended = Ended.Plus(counters);
}
