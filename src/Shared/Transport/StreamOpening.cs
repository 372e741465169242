using System.Net;
using Tunnel.Shared.Protocol.Proxy;

namespace Tunnel.Shared.Transport;

/// <summary>The client of a stream or session and the address that it wrote to, as OPEN and UDP_OPEN carry them.</summary>
/// <param name="Source">The client, or null when it is not known.</param>
/// <param name="Destination">The address that the client wrote to, or null when it is not known.</param>
/// <param name="ListeningPort">The edge's listening port; null from a base peer, which sends only <paramref name="Destination"/>.</param>
public readonly record struct StreamOpening(IPEndPoint? Source, IPEndPoint? Destination, int? ListeningPort)
{
    /// <summary>The port that decides where the hub forwards to; 0 when it is not known.</summary>
    public int RoutingPort => ListeningPort ?? Destination?.Port ?? 0;

    /// <summary>The stream of another tunnel that goes on here; null for a new one. The other members then say nothing.</summary>
    public StreamMove? Move { get; init; }

    /// <summary>Writes an OPEN's payload.</summary>
    /// <param name="buffer">The destination; <see cref="OpenPayload.MaxLength"/> bytes are always enough.</param>
    /// <param name="port">The port to tell; null towards a base peer.</param>
    /// <returns>The bytes written.</returns>
    internal int Write(Span<byte> buffer, int? port) =>
        Move is { } move ? MovePayload.Write(buffer, move) : OpenPayload.Write(buffer, Source, Destination, port);

    /// <summary>Reads an OPEN's payload. Accepts any input.</summary>
    /// <param name="payload">The payload.</param>
    /// <param name="moves">Whether moving streams is agreed.</param>
    /// <param name="error">What is wrong with it, or null.</param>
    internal static StreamOpening Read(ReadOnlySpan<byte> payload, bool moves, out string? error)
    {
        if (moves && MovePayload.Is(payload))
        {
            error = MovePayload.TryParse(payload, out var move) ? null : "the MOVE line is not valid";
            return new StreamOpening { Move = move };
        }

        return OpenPayload.TryParse(payload, out var source, out var destination, out var port, out error)
            ? new StreamOpening(source, destination, port)
            : default;
    }
}
