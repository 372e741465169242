using Tunnel.Hub.Edges.Definitions;
using Tunnel.Hub.Targets.Pools;
using Tunnel.Hub.Traffic;
using Tunnel.Shared.Protocol.Addresses;

namespace Tunnel.Hub.Forwarding;

/// <summary>The upstream that a port of an edge leads to.</summary>
/// <param name="Port">The port of the edge.</param>
/// <param name="TargetHost">The upstream's name or address.</param>
/// <param name="TargetPort">The upstream's port.</param>
internal sealed record PortRoute(TrafficKey Port, string TargetHost, int TargetPort)
{
    /// <summary>The PROXY header at the start of a TCP connection.</summary>
    public ProxyProtocol Proxy { get; init; }

    /// <summary>Which datagrams have a PROXY header.</summary>
    public UdpProxyProtocol UdpProxy { get; init; }

    /// <summary>The pool of which each client gets a member; null: all go to the target above.</summary>
    public TargetPool? Pool { get; init; }

    /// <summary>The addresses that the upstream may have; a pool has a rule of its own.</summary>
    public TargetRule Rule { get; init; }

    /// <summary>Where clients are led, for people.</summary>
    public string Target => Pool is null
        ? HostSyntax.Format(TargetHost, TargetPort)
        : $"a pool of {Pool.Spec.Targets.Count} targets{(Pool.Key.Route is { Length: > 0 } name ? $" for {name}" : "")}";
}
