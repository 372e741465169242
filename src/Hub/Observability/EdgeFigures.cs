using Tunnel.Hub.Edges.Live;
using Tunnel.Shared.Transport;

namespace Tunnel.Hub.Observability;

/// <summary>The figures of one connected edge for the metrics, over all its tunnels.</summary>
internal sealed record EdgeFigures(
    string EdgeId, TransportKind Transport, int Tunnels, int Lanes, TimeSpan? RoundTrip, int Streams, int Sessions, TunnelCounters Counters,
    TunnelQueues Queues)
{
    /// <summary>Reads the figures. Called under the registry's lock, for a slot with at least one tunnel.</summary>
    public static EdgeFigures Of(EdgeSlot slot)
    {
        var newest = slot.Primary ?? slot.Tunnels[^1];
        var (counters, queues, tunnels, lanes, streams, sessions) = (slot.Ended.Sum, default(TunnelQueues), 0, 0, 0, 0);
        foreach (var live in slot.Tunnels)
        {
            var tunnel = live.Tunnel!;
            counters = counters.Plus(tunnel.Counters);
            queues = queues.Plus(tunnel.Queues);
            tunnels += live.IsAnnounced ? 1 : 0;
            lanes += live.IsAnnounced ? tunnel.Lanes : 0;
            streams += tunnel.ActiveStreams;
            sessions += tunnel.ActiveSessions;
        }

        return new EdgeFigures(
            newest.EdgeId, newest.Tunnel!.Kind, tunnels, lanes, newest.Tunnel.RoundTripTime, streams, sessions, counters, queues);
    }
}
