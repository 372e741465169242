namespace Tunnel.Hub.Accepting;

/// <summary>Why a connection to the tunnel port did not become a tunnel.</summary>
internal enum RefusalReason
{
    /// <summary>
    /// The TLS handshake failed: no TLS at all, an unknown protocol in ALPN, an old version, or the client did not like the certificate.
    /// </summary>
    TlsFailed,

    /// <summary>The peer closed before it had said its line.</summary>
    ClosedEarly,

    /// <summary>Nothing, or not enough, within the time to authenticate.</summary>
    Timeout,

    /// <summary>The first line was not an EDGE line, or longer than 1,024 bytes.</summary>
    Malformed,

    /// <summary>Unknown id, wrong secret or disabled.</summary>
    Unauthorized,

    /// <summary>The same, of an address and id that failed too often.</summary>
    Blocked,

    /// <summary>Too many secrets were being checked, or too many edges are connected.</summary>
    Busy,

    /// <summary>Had to give way to a newer stranger.</summary>
    GaveWay,

    /// <summary>The hub has too few descriptors left, and no stranger that could give way.</summary>
    DescriptorLimit,
}
