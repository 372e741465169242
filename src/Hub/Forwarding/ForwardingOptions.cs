using Tunnel.Hub.Edges.Definitions;
using Tunnel.Shared.Protocol.Addresses;
using Tunnel.Shared.Sockets;

namespace Tunnel.Hub.Forwarding;

/// <summary>The settings of the forwarding.</summary>
/// <param name="TargetHost">The upstream of ports whose policy names none.</param>
/// <param name="StreamsPerEdge">The number of streams that one edge may have open, over all its tunnels.</param>
/// <param name="SessionsPerEdge">The number of UDP sessions that one edge may have open, over all its tunnels.</param>
internal sealed record ForwardingOptions(string TargetHost, int StreamsPerEdge, int SessionsPerEdge)
{
    public const int DefaultPerEdge = 65_536;

    /// <summary>The header of ports whose policy does not set it; for UDP it is version 2 in each datagram, or off.</summary>
    public ProxyProtocol DefaultProxyProtocol { get; init; } = ProxyProtocol.V1;

    /// <summary>The addresses that targets may have; null: any.</summary>
    public CidrSet? TargetAllowCidrs { get; init; }

    /// <summary>
    /// The number of UDP sessions of all edges: three quarters of the descriptors that the process may have, since TCP streams need some
    /// too.
    /// </summary>
    public int MaxSessions { get; init; } = (int)Math.Max(DescriptorLimit.Read().Soft / 4 * 3, 1);

    public static ForwardingOptions Default { get; } = new("127.0.0.1", DefaultPerEdge, DefaultPerEdge);
}
