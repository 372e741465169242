using Tunnel.Hub.Edges.Allowed;
using Tunnel.Hub.Edges.State;
using Tunnel.Hub.Forwarding;
using Tunnel.Hub.Forwarding.Adapting;
using Tunnel.Hub.Forwarding.Authorizing;
using Tunnel.Hub.Forwarding.Securing;
using Tunnel.Hub.Targets.Pools;

namespace Tunnel.Hub;

/// <summary>Sees to it that what the ports of an edge need is there before the first client comes.</summary>
internal sealed class PortPreparation(
    PortGate gate, TargetPools pools, TlsServers tls, UpstreamTls upstreamTls, Authorizers authorizers, AdaptivePorts adaptive)
{
    private readonly PoolSync _poolSync = new(gate, pools);

    /// <summary>Prepares the ports of all edges, as they are now.</summary>
    public void ApplyAll(EdgeStore edges)
    {
        foreach (var (edgeId, edge) in edges.Current)
            Apply(edgeId, edge);
    }

    /// <summary>Prepares the ports of one edge; null: it is no longer allowed.</summary>
    public void Apply(string edgeId, AllowedEdge? edge)
    {
        _poolSync.Apply(edgeId, edge);
        tls.Apply(edgeId, edge);
        upstreamTls.Apply(edgeId, edge);
        authorizers.Apply(edgeId, edge, gate.RuleOf);
        adaptive.Apply(edgeId, edge);
    }
}
