using Tunnel.Shared.Transport;

namespace Tunnel.Hub.Edges.Presence;

/// <summary>What the end of an edge's last tunnel says of the edge.</summary>
internal static class EdgeConditions
{
    /// <param name="end">Why the tunnel ended.</param>
    /// <param name="saidGoodbye">The edge had said that it wants no new streams there.</param>
    /// <param name="isAllowed">The edge is in the set and enabled, whatever its secrets.</param>
    /// <param name="hubStops">The hub ends all tunnels.</param>
    public static EdgeCondition After(TunnelEnd end, bool saidGoodbye, bool isAllowed, bool hubStops) => end.Kind switch
    {
        TunnelEndKind.Revoked => isAllowed ? EdgeCondition.SecretExpired : EdgeCondition.Disabled,
        TunnelEndKind.Closed => hubStops ? EdgeCondition.HubRestart : EdgeCondition.Disconnected,
        TunnelEndKind.ProtocolError => EdgeCondition.ProtocolError,
        TunnelEndKind.PeerClosed or TunnelEndKind.ConnectionLost when saidGoodbye || hubStops =>
            hubStops ? EdgeCondition.HubRestart : EdgeCondition.Stopped,
        _ => EdgeCondition.Network,
    };
}
