using Tunnel.Hub.Edges.Definitions;

namespace Tunnel.Hub.Targets.Pools;

/// <summary>Names a pool: the port of an edge, and one of its routes where it has several.</summary>
/// <param name="EdgeId">The id of the edge.</param>
/// <param name="Udp">True for a UDP port.</param>
/// <param name="Port">The edge's port.</param>
/// <param name="Route">What leads to the pool, such as a server name; empty for the port itself.</param>
internal readonly record struct PoolKey(string EdgeId, bool Udp, int Port, string Route = "")
{
    public override string ToString() => $"{(Udp ? "udp" : "tcp")}/{Port}{(Route.Length > 0 ? $" {Route}" : "")}";
}

/// <summary>The settings that a pool is made of.</summary>
/// <param name="Policy">What the operator wrote, with at least one target.</param>
/// <param name="Port">The port of targets that name none.</param>
/// <param name="Proxy">The PROXY header that clients have.</param>
internal sealed record PoolSpec(PoolPolicy Policy, int Port, ProxyProtocol Proxy = ProxyProtocol.Off)
{
    /// <summary>The addresses that targets may have.</summary>
    public TargetRule Rule { get; init; }

    public TargetList Targets => Policy.Targets!;

    /// <summary>The pool of a port.</summary>
    /// <param name="policy">The port's pool.</param>
    /// <param name="targetHost">The target of a pool that names none.</param>
    /// <param name="port">The port of targets that name none.</param>
    /// <param name="proxy">The PROXY header that clients have.</param>
    public static PoolSpec Of(PoolPolicy policy, string targetHost, int port, ProxyProtocol proxy = ProxyProtocol.Off) => new(
        policy.Targets is null
            ? policy with { Targets = new TargetList([new TargetDefinition { Host = targetHost }]) }
            : policy, port, proxy);
}
