using Tunnel.Shared.Transport;

namespace Tunnel.Hub.Edges.Live;

/// <summary>The tunnels of one edge id. Everything but <see cref="Elections"/> is used under the registry's lock.</summary>
internal sealed class EdgeSlot
{
    /// <summary>All tunnels that are not over: the primary, draining ones, newcomers not yet elected.</summary>
    public List<LiveTunnel> Tunnels { get; } = [];

    /// <summary>The one that new streams are expected on; null when there is none that wants them.</summary>
    public LiveTunnel? Primary { get; set; }

    /// <summary>Since when the edge is connected, over all its tunnels; null before the first was elected.</summary>
    public DateTimeOffset? ConnectedSince { get; set; }

    /// <summary>Its public address as it last said; null before.</summary>
    public string? PublicIp { get; set; }

    /// <summary>When a base peer last replaced a tunnel.</summary>
    public DateTimeOffset LastReplaced { get; set; } = DateTimeOffset.MinValue;

    /// <summary>What tunnels that are over have carried while the edge was connected.</summary>
    public TunnelCounters Ended { get; private set; }

    /// <summary>Newcomers are dealt with one after the other: a probe takes seconds.</summary>
    public SemaphoreSlim Elections { get; } = new(1);

    public void AddEnded(TunnelCounters counters) => Ended = Ended.Plus(counters);
}
