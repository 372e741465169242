using Tunnel.Hub.Edges.Allowed;
using Tunnel.Hub.Edges.Definitions;
using Tunnel.Hub.Targets.Pools;
using Tunnel.Hub.Traffic;

namespace Tunnel.Hub.Forwarding;

/// <summary>
/// Makes, changes and removes the pools of ports as the edges are changed, so that there is a pool before the first client comes.
/// </summary>
internal sealed class PoolSync(PortGate gate, TargetPools pools)
{
    /// <summary>Takes over the ports of an edge.</summary>
    /// <param name="edgeId">The id of the edge.</param>
    /// <param name="edge">The edge; null when it is no longer allowed.</param>
    public void Apply(string edgeId, AllowedEdge? edge)
    {
        if (edge is not { Enabled: true })
        {
            pools.Keep(edgeId, static _ => false);
            return;
        }

        foreach (var port in edge.TcpPorts)
            Make(new TrafficKey(edgeId, false, port), edge);
        foreach (var port in edge.UdpPorts)
            Make(new TrafficKey(edgeId, true, port), edge);
        pools.Keep(edgeId, key => edge.IsAssigned(key.Udp, key.Port) && Has(edge.PolicyFor(key.Udp, key.Port), key.Route));
    }

    private static bool Has(PortPolicy policy, string route) => route.Length == 0
        ? policy.Pool is not null
        : policy.Routes?.All.Any(other => other.Sni == route) == true;

    private void Make(in TrafficKey port, AllowedEdge edge)
    {
        var policy = edge.PolicyFor(port.Udp, port.Port);
        if (policy.Pool is not null)
            gate.PoolOf(port, policy);
        foreach (var route in policy.Routes?.All ?? [])
            gate.PoolOf(port, policy, route);
    }
}
