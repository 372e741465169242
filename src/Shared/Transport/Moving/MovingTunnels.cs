using Tunnel.Shared.Protocol.Proxy;
using Tunnel.Shared.Transport.Moving.Tables;
using Tunnel.Shared.Transport.Streams;

namespace Tunnel.Shared.Transport.Moving;

/// <summary>Does what tunnels of both transports do alike with streams that move.</summary>
internal static class MovingTunnels
{
    /// <summary>Edge: opens a stream that may be moved, or the leg of one that goes on here.</summary>
    /// <typeparam name="T">The tunnel.</typeparam>
    /// <param name="tunnel">The tunnel.</param>
    /// <param name="context">The state that tunnels share.</param>
    /// <param name="opening">What the hub is told.</param>
    /// <param name="endpoint">The client, or the leg.</param>
    /// <param name="observer">Is told of the end.</param>
    /// <param name="open">Opens a stream of the tunnel itself.</param>
    /// <returns>Null when the tunnel takes no new streams.</returns>
    public static ITunnelStream? Open<T>(
        this T tunnel, TransportContext context, in StreamOpening opening, ILocalEndpoint endpoint, IStreamObserver? observer,
        OpenCarrier<T> open)
        where T : ITunnel, IMovingTunnel
    {
        // What is no client's stream, or goes on here and was counted where it began, is not counted.
        if (opening.Move is { StreamId: StreamMove.Connection })
            return open(tunnel, opening, endpoint, observer);
        if (endpoint is LegEndpoint further)
        {
            further.Leg.Table = tunnel.Moving;
            return open(tunnel, opening, endpoint, observer);
        }

        if ((tunnel.Features & TunnelFeatures.Move) == 0)
        {
            var stream = open(tunnel, opening, endpoint, observer);
            stream?.CountIn(tunnel.Traffic);
            return stream;
        }

        var movable = new MovableStream(context, tunnel.Moving, opening, endpoint, observer);
        var leg = movable.Leg!;
        if (open(tunnel, opening, leg.Endpoint, leg.Endpoint) is null)
            return null;
        tunnel.Traffic.CountOpened();
        return movable;
    }

    /// <summary>Hub: makes of a stream that the edge has opened one that may be moved, unless it goes on with another.</summary>
    public static ITunnelStream Accept<T>(this T tunnel, TransportContext context, IStreamCarrier carrier, in StreamOpening opening)
        where T : ITunnel, IMovingTunnel
    {
        if (opening.Move is not null)
            return carrier;
        if ((tunnel.Features & TunnelFeatures.Move) == 0)
        {
            carrier.CountIn(tunnel.Traffic);
            return carrier;
        }

        tunnel.Traffic.CountOpened();
        return new MovableStream(context, carrier, tunnel.Moving);
    }

    /// <summary>Edge: lets the streams of a tunnel that lives go on over another one, if both can do that.</summary>
    public static Task<int> HandOverAsync<T>(this T tunnel, ITunnel other)
        where T : ITunnel, IMovingTunnel
    {
        if ((tunnel.Features & other.Features & TunnelFeatures.Move) == 0)
            return Task.FromResult(0);
        tunnel.Moving.Successor = other;
        return StreamMover.HandOverAllAsync(tunnel.Moving, other);
    }
}
