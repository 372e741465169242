namespace Tunnel.Shared.Transport;

/// <summary>
/// Why a datagram was dropped at this end of a tunnel. The names, in camelCase behind <c>tunnel</c>, are reasons in metrics and statuses.
/// </summary>
public enum DatagramDrop
{
    /// <summary>As many as may wait did: the path is slower than the flood.</summary>
    QueueFull,

    /// <summary>It had waited for longer than it is of use.</summary>
    QueueExpired,

    /// <summary>QUIC: too large for a datagram, and as many as may be were on their way as streams.</summary>
    OversizeFull,

    /// <summary>Larger than any datagram may be.</summary>
    TooLarge,

    /// <summary>QUIC: refused, since the connection is ending or the path got narrower.</summary>
    Refused,

    /// <summary>Of a session that is not, or no more, open here.</summary>
    UnknownSession,

    /// <summary>QUIC: it overtook its session's opening, and too many did or the opening did not come.</summary>
    EarlyFull,

    /// <summary>QUIC: not even a session id.</summary>
    Malformed,

    /// <summary>It waited when its session was closed by the other side.</summary>
    SessionClosed,

    /// <summary>It waited when the tunnel was lost.</summary>
    Lost,

    /// <summary>QUIC: the network lost it; over TLS what was on its way when a tunnel was lost is not known.</summary>
    LostOnPath,
}
