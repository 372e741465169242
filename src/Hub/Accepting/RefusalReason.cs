namespace Tunnel.Hub.Accepting;

/// <summary>Why a connection to the tunnel port did not become a tunnel.</summary>
internal enum RefusalReason
{
    /// <summary>
    /// The TLS handshake failed: the peer spoke no TLS, an unknown ALPN protocol or an old version, or it did not accept the certificate.
    /// </summary>
    TlsFailed,

    /// <summary>The connection broke before the peer had sent its line, or was closed in the middle of it.</summary>
    ClosedEarly,

    /// <summary>The peer sent nothing, or not enough, within the time to authenticate.</summary>
    Timeout,

    /// <summary>The first line was not an EDGE line, or was longer than 1,024 bytes.</summary>
    Malformed,

    /// <summary>The id is unknown, the secret is wrong, or the edge is disabled.</summary>
    Unauthorized,

    /// <summary>The same as <see cref="Unauthorized"/>, from an address and id that failed too often.</summary>
    Blocked,

    /// <summary>Too many secrets were being checked, or too many edges are connected.</summary>
    Busy,

    /// <summary>The connection had to give way to a newer stranger.</summary>
    GaveWay,

    /// <summary>The hub has too few descriptors left, and there was no stranger that could give way.</summary>
    DescriptorLimit,
}
