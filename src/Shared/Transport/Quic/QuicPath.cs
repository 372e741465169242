namespace Tunnel.Shared.Transport.Quic;

/// <summary>What a handshake over QUIC showed of the way to a hub.</summary>
/// <param name="Failure">Why there was none; null when there was.</param>
/// <param name="RoundTrip">The round trip; zero without a handshake.</param>
/// <param name="MaxPayload">Bytes of the largest UDP payload of a client that goes as one datagram there (RFC 9221); 0 when none
/// do.</param>
public sealed record QuicPath(DialFailure? Failure, TimeSpan RoundTrip, int MaxPayload);
