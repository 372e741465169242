using Tunnel.Shared.Transport;

namespace Tunnel.Hub.Edges.Live;

/// <summary>
/// The tunnels of one edge id. Everything is used under the registry's lock, except <see cref="Elections"/>, <see cref="Rival"/> and the
/// sums over all tunnels.
/// </summary>
internal sealed class EdgeSlot
{
    // A copy of the list of tunnels that needs no lock, because each stream that is opened reads it.
    private volatile EdgeTunnel[] _all = [];

    /// <summary>All tunnels that have not ended, the oldest first: the primary, draining ones, and newcomers not yet elected.</summary>
    public List<EdgeTunnel> Tunnels { get; } = [];

    /// <summary>The connections that are further lanes of these tunnels.</summary>
    public List<EdgeTunnel> Lanes { get; } = [];

    /// <summary>The number of streams open now, over all tunnels and their lanes. Needs no lock.</summary>
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

    /// <summary>The number of UDP sessions open now, over all tunnels and their lanes. Needs no lock.</summary>
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

    /// <summary>The tunnel on which new streams are expected; null when no tunnel accepts them.</summary>
    public EdgeTunnel? Primary { get; set; }

    /// <summary>Since when the edge is connected, over all its tunnels; null before the first was elected.</summary>
    public DateTimeOffset? ConnectedSince { get; set; }

    /// <summary>The public address that the edge last reported; null before.</summary>
    public string? PublicIp { get; set; }

    /// <summary>When a base peer last replaced a tunnel.</summary>
    public DateTimeOffset LastReplaced { get; set; } = DateTimeOffset.MinValue;

    /// <summary>The process that was turned away last. It tries again every few seconds, but is reported only once.</summary>
    public string? TurnedAway { get; set; }

    /// <summary>Watches the tunnel that a newcomer was turned away for; null before there was one. Used by elections only.</summary>
    public RivalWatch? Rival { get; set; }

    /// <summary>What the ended tunnels carried while the edge was connected.</summary>
    public EndedTunnels Ended { get; } = new();

    /// <summary>Lets newcomers be handled one after the other, because a probe takes seconds.</summary>
    public SemaphoreSlim Elections { get; } = new(1);
}
