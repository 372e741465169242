using System.Collections.Immutable;
using Tunnel.Hub.Edges.Allowed;
using Tunnel.Hub.Targets.Pools;
using Tunnel.Hub.Traffic;

namespace Tunnel.Hub.Status;

/// <summary>Joins the assigned ports with what the edges have bound and what has passed.</summary>
internal static class PortStatuses
{
    /// <summary>Returns every assigned port, by edge, TCP before UDP, ascending.</summary>
    /// <param name="edges">The allowed edges.</param>
    /// <param name="connected">The connected edges, with the ports that they have bound.</param>
    /// <param name="traffic">The traffic of the ports.</param>
    /// <param name="pools">The pools of the ports.</param>
    public static IEnumerable<PortStatus> OfAll(
        IEnumerable<AllowedEdge> edges, ImmutableArray<ConnectedEdgeStatus> connected, TrafficRegistry traffic, TargetPools pools)
    {
        var bound = BoundPorts(connected);
        return
            from edge in edges
            where edge.Enabled
            orderby edge.Id
            from key in edge.TcpPorts.Select(port => new TrafficKey(edge.Id, false, port)).Concat(
                edge.UdpPorts.Select(port => new TrafficKey(edge.Id, true, port)))
            select Describe(traffic.Find(key) ?? new PortTraffic(key), edge, bound, pools);
    }

    /// <summary>
    /// Returns only the assigned ports at which something has happened or that have a pool, in the same order: with many edges these are
    /// far fewer.
    /// </summary>
    public static IEnumerable<PortStatus> OfUsed(
        IReadOnlyDictionary<string, AllowedEdge> edges,
        ImmutableArray<ConnectedEdgeStatus> connected,
        TrafficRegistry traffic,
        TargetPools pools)
    {
        var bound = BoundPorts(connected);
        return
            from port in traffic.Ports.Concat(WithPool(traffic, pools))
            let edge = edges.GetValueOrDefault(port.Key.EdgeId)
            where edge is { Enabled: true } && edge.IsAssigned(port.Key.Udp, port.Key.Port)
            orderby port.Key.EdgeId, port.Key.Udp, port.Key.Port
            select Describe(port, edge, bound, pools);
    }

    private static HashSet<TrafficKey> BoundPorts(ImmutableArray<ConnectedEdgeStatus> connected) =>
        [.. connected.SelectMany(edge => edge.Bound.SelectMany(
            port => port.Numbers().Select(number => new TrafficKey(edge.EdgeId, port.Proto == "udp", number))))];

    private static IEnumerable<PortTraffic> WithPool(TrafficRegistry traffic, TargetPools pools) =>
        from key in pools.All.Select(pool => new TrafficKey(pool.Key.EdgeId, pool.Key.Udp, pool.Key.Port)).Distinct()
        where traffic.Find(key) is null
        select new PortTraffic(key);

    private static PortStatus Describe(PortTraffic traffic, AllowedEdge edge, HashSet<TrafficKey> bound, TargetPools pools)
    {
        var key = traffic.Key;
        var policy = edge.PolicyFor(key.Udp, key.Port);
        var status = traffic.Describe(bound.Contains(key), policy.Name);
        if (policy is { Pool: null, Routes: null })
            return status;
        ImmutableArray<TargetStatus> targets = [
            .. TargetsOf(pools, key, null), .. policy.Routes?.All.SelectMany(route => TargetsOf(pools, key, route.Sni)) ?? []];
        return status with
        {
            Targets = targets,
            Healthy = status.Listening && targets.Any(target => target.State is TargetState.Up or TargetState.BreakerHalfOpen),
        };
    }

    private static IEnumerable<TargetStatus> TargetsOf(TargetPools pools, TrafficKey key, string? route) =>
        pools.Find(new PoolKey(key.EdgeId, key.Udp, key.Port, route ?? "")) is { } pool
            ? pool.Describe().Select(target => target with { Route = route })
            : [];
}
