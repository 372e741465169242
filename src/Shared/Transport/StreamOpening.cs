using System.Net;

namespace Tunnel.Shared.Transport;

/// <summary>Who a stream or a session comes from and where it went: what OPEN and UDP_OPEN carry.</summary>
/// <param name="Source">The client, or null when it is not known.</param>
/// <param name="Destination">The address that the client wrote to, or null when it is not known.</param>
/// <param name="ListeningPort">The edge's listening port; null from a base peer, which has only <paramref name="Destination"/>.</param>
public readonly record struct StreamOpening(IPEndPoint? Source, IPEndPoint? Destination, int? ListeningPort)
{
    /// <summary>The port that decides where the hub forwards to; 0 when nothing tells it.</summary>
    public int RoutingPort => ListeningPort ?? Destination?.Port ?? 0;
}
