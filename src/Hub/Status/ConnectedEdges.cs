using Tunnel.Hub.Edges.Live;

namespace Tunnel.Hub.Status;

/// <summary>Describes a connected edge for the status.</summary>
internal static class ConnectedEdges
{
    /// <summary>Describes one edge. Called under the registry's lock, for a slot with at least one tunnel.</summary>
    public static ConnectedEdgeStatus Describe(EdgeSlot slot)
    {
        var newest = slot.Primary ?? slot.Tunnels[^1];
        var sum = slot.Tunnels.Aggregate(slot.Ended.Sum, static (sum, live) => sum.Plus(live.Tunnel!.Counters));
        return new ConnectedEdgeStatus
        {
            EdgeId = newest.EdgeId,
            Instance = newest.Hello?.Instance,
            Since = slot.ConnectedSince ?? newest.Since,
            SecretId = newest.SecretId,
            Remote = newest.Remote.ToString(),
            PublicIp = newest.PublicIp,
            PublicIpv6 = newest.PublicIpv6,
            Host = newest.Hello?.Host,
            Version = newest.Hello?.Version,
            Transport = newest.Tunnel!.Kind,
            Tunnels = slot.Tunnels.Count(live => live.IsAnnounced),
            Lanes = slot.Tunnels.Sum(live => live.IsAnnounced ? live.Tunnel!.Lanes : 0),
            LostSince = newest.LostSince,
            Rtt = newest.Tunnel.RoundTripTime?.TotalMilliseconds,
            ActiveStreams = slot.Tunnels.Sum(live => live.Tunnel!.ActiveStreams),
            ActiveSessions = slot.Tunnels.Sum(live => live.Tunnel!.ActiveSessions),
            ListenPorts = newest.Config.ListenPorts,
            ListenPortsUdp = newest.Config.ListenPortsUdp,
            Rev = newest.Config.Hub!.Rev,
            AppliedRev = newest.PortReport?.Rev,
            Bound = newest.PortReport?.Bound ?? [],
            Firewall = newest.FirewallReport,
            FailedPorts = newest.PortReport?.Failed ?? [],
            BytesIn = sum.BytesReceived,
            BytesOut = sum.BytesSent,
            StreamsOpened = sum.StreamsOpened,
        };
    }
}
