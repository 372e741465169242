namespace Tunnel.Shared.Transport;

/// <summary>
/// Why a datagram was dropped at this end of a tunnel. The names, in camelCase behind <c>tunnel</c>, are reasons in metrics and statuses.
/// </summary>
public enum DatagramDrop
{
    /// <summary>As many datagrams were waiting as may wait: the path is slower than the flood.</summary>
    QueueFull,

    /// <summary>The datagram had waited too long to be of use.</summary>
    QueueExpired,

    /// <summary>QUIC: it was too large for a QUIC datagram, and the most that may be sent as streams were already under way.</summary>
    OversizeFull,

    /// <summary>It was larger than any datagram may be.</summary>
    TooLarge,

    /// <summary>QUIC: it was refused because the connection is ending or because the path's MTU fell.</summary>
    Refused,

    /// <summary>Its session is not open here, or no longer.</summary>
    UnknownSession,

    /// <summary>QUIC: it overtook its session's opening, and either too many did or the opening did not come.</summary>
    EarlyFull,

    /// <summary>QUIC: it was too short to hold a session id.</summary>
    Malformed,

    /// <summary>It was waiting when its session was closed by the other side.</summary>
    SessionClosed,

    /// <summary>It was waiting when the tunnel was lost.</summary>
    Lost,

    /// <summary>QUIC: the network lost it; over TLS it is not known what was on its way when a tunnel was lost.</summary>
    LostOnPath,
}
