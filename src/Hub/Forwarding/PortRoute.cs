using Tunnel.Hub.Edges.Definitions;
using Tunnel.Hub.Traffic;

namespace Tunnel.Hub.Forwarding;

/// <summary>Where a port of an edge leads.</summary>
/// <param name="Port">Which port.</param>
/// <param name="TargetHost">The upstream's name or address.</param>
/// <param name="TargetPort">The upstream's port.</param>
internal sealed record PortRoute(TrafficKey Port, string TargetHost, int TargetPort)
{
    /// <summary>The header in front of a TCP connection.</summary>
    public ProxyProtocol Proxy { get; init; }

    /// <summary>Which datagrams have a header.</summary>
    public UdpProxyProtocol UdpProxy { get; init; }
}
