using Tunnel.Shared.Transport;

namespace Tunnel.Hub.Edges.Presence;

/// <summary>Derives an edge's state from the end of its last tunnel.</summary>
internal static class EdgeConditions
{
    /// <param name="end">Why the tunnel ended.</param>
    /// <param name="saidGoodbye">Whether the edge had said that it wanted no new streams on the tunnel.</param>
    /// <param name="isAllowed">Whether the edge is in the set and enabled, regardless of its secrets.</param>
    /// <param name="hubStops">Whether the hub is ending all tunnels.</param>
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
