using Tunnel.Hub.Edges.Live;

namespace Tunnel.Hub.History;

/// <summary>The counters of a connected edge at one moment, over all its tunnels.</summary>
internal readonly record struct TrafficReading(string EdgeId, long BytesIn, long BytesOut, int Streams, int Sessions)
{
    /// <summary>Reads the counters. Called under the registry's lock, for a slot with at least one tunnel.</summary>
    public static TrafficReading Of(EdgeSlot slot)
    {
        var ended = slot.Ended.Sum;
        var (bytesIn, bytesOut, streams, sessions) = (ended.BytesReceived, ended.BytesSent, 0, 0);
        foreach (var live in slot.Tunnels)
        {
            var tunnel = live.Tunnel!;
            var counters = tunnel.Counters;
            bytesIn += counters.BytesReceived;
            bytesOut += counters.BytesSent;
            streams += tunnel.ActiveStreams;
            sessions += tunnel.ActiveSessions;
        }

        return new TrafficReading(slot.Tunnels[^1].EdgeId, bytesIn, bytesOut, streams, sessions);
    }
}
