using Tunnel.Hub.Edges.Presence;
using Tunnel.Hub.Traffic;
using Tunnel.Shared.Protocol.Messages;

namespace Tunnel.Hub.Status;

/// <summary>Says how well an edge is, in a few words. An edge that is connected is no better than its worst port.</summary>
internal static class EdgeHealth
{
    /// <summary>
    /// Whether an edge may be at another hub, of which this one does not know. The hub that dials the edge knows more, and a secret that
    /// has ended has done so at all of them.
    /// </summary>
    /// <param name="edge">The edge.</param>
    /// <param name="isShared">Whether hubs share their state.</param>
    public static bool MayBeElsewhere(AllowedEdgeStatus edge, bool isShared) => isShared
        && edge is { ConnectedSince: null, State: not (EdgeCondition.Disabled or EdgeCondition.SecretExpired), DialFault: null };

    /// <param name="edge">The edge.</param>
    /// <param name="isShared">Whether hubs share their state.</param>
    /// <param name="live">What it is like while it is connected; null when it is not.</param>
    /// <param name="ports">Its ports that were used.</param>
    public static (Health Health, string Word) Of(
        AllowedEdgeStatus edge, bool isShared, ConnectedEdgeStatus? live, IEnumerable<PortStatus> ports) => edge.State switch
        {
            EdgeCondition.Connected when live is not null => OfConnected(live, ports),
            EdgeCondition.Connected => (Health.Good, "up"),
            EdgeCondition.Conflict => (Health.Warn, "conflict"),
            EdgeCondition.Disabled => (Health.Off, "disabled"),
            _ when MayBeElsewhere(edge, isShared) => (Health.Off, edge.DialledBy is null ? "not at this hub" : "at another hub"),
            EdgeCondition.NeverSeen => (Health.Warn, "never seen"),
            EdgeCondition.SecretExpired => (Health.Bad, "secret expired"),
            EdgeCondition.Network => (Health.Bad, "network"),
            EdgeCondition.Stopped => (Health.Bad, "stopped"),
            EdgeCondition.Disconnected => (Health.Bad, "disconnected"),
            EdgeCondition.ProtocolError => (Health.Bad, "protocol error"),
            EdgeCondition.HubRestart => (Health.Bad, "not back yet"),
            _ => throw new ArgumentOutOfRangeException(nameof(edge), edge.State, null),
        };

    /// <summary>Whether the firewall that the hub wants is not in force, against the wish of the edge's operator.</summary>
    public static bool LacksFirewall(ConnectedEdgeStatus live) =>
        live.Firewall is { Fault: not null, State: not FirewallReport.Off };

    private static (Health Health, string Word) OfConnected(ConnectedEdgeStatus live, IEnumerable<PortStatus> ports)
    {
        if (!live.FailedPorts.IsDefaultOrEmpty)
            return (Health.Bad, "ports missing");
        var worst = ports.Select(PortHealth.Of).Append((Health: Health.Good, Word: "up")).MinBy(port => port.Health);
        return worst.Health switch
        {
            Health.Bad => worst,
            _ when live.LostSince is not null => (Health.Warn, "no connection"),
            Health.Good when LacksFirewall(live) => (Health.Warn, "no firewall"),
            Health.Good => (Health.Good, "up"),
            _ => worst,
        };
    }
}
