namespace Tunnel.Shared.Transport.Quic;

/// <summary>The facts about the path to a hub that a handshake over QUIC showed.</summary>
/// <param name="Failure">Why the handshake failed; null on success.</param>
/// <param name="RoundTrip">The round trip; zero without a handshake.</param>
/// <param name="MaxPayload">Bytes of the largest UDP payload of a client that fits into one datagram on this path (RFC 9221); 0 when
/// datagrams can't be sent.</param>
public sealed record QuicPath(DialFailure? Failure, TimeSpan RoundTrip, int MaxPayload);
