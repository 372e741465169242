using Tunnel.Hub.Edges.Definitions;
using Tunnel.Shared.Sockets;

namespace Tunnel.Hub.Forwarding;

/// <summary>What the forwarding goes by.</summary>
/// <param name="TargetHost">Upstream of ports whose policy names none.</param>
/// <param name="StreamsPerEdge">Streams that one edge may have open, over all its tunnels.</param>
/// <param name="SessionsPerEdge">UDP sessions that one edge may have open, likewise.</param>
internal sealed record ForwardingOptions(string TargetHost, int StreamsPerEdge, int SessionsPerEdge)
{
    public const int DefaultPerEdge = 65_536;

    /// <summary>The header of ports whose policy says nothing of it; for UDP it is version 2 in each datagram, or off.</summary>
    public ProxyProtocol DefaultProxyProtocol { get; init; } = ProxyProtocol.V1;

    /// <summary>
    /// UDP sessions of all edges: three quarters of the descriptors that the process may have, since TCP streams need them too.
    /// </summary>
    public int MaxSessions { get; init; } = (int)Math.Max(DescriptorLimit.Read().Soft / 4 * 3, 1);

    public static ForwardingOptions Default { get; } = new("127.0.0.1", DefaultPerEdge, DefaultPerEdge);
}
