using System.Net;

namespace Tunnel.Shared.Transport;

/// <summary>The client of a stream or session and the address that it wrote to, as OPEN and UDP_OPEN carry them.</summary>
/// <param name="Source">The client, or null when it is not known.</param>
/// <param name="Destination">The address that the client wrote to, or null when it is not known.</param>
/// <param name="ListeningPort">The edge's listening port; null from a base peer, which sends only <paramref name="Destination"/>.</param>
public readonly record struct StreamOpening(IPEndPoint? Source, IPEndPoint? Destination, int? ListeningPort)
{
    /// <summary>The port that decides where the hub forwards to; 0 when it is not known.</summary>
    public int RoutingPort => ListeningPort ?? Destination?.Port ?? 0;
}
