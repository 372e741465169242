namespace Tunnel.Edge.Refusing;

/// <summary>Why a client was turned away or a datagram dropped at the edge. The names, in camelCase, are keys of the status.</summary>
internal enum RefusalReason
{
    /// <summary>There is no tunnel to a hub at present.</summary>
    NoTunnel,

    /// <summary>The tunnel takes no new streams: it is going away or at its limit.</summary>
    TunnelTakesNone,

    /// <summary>90 % of the process's file descriptors are in use.</summary>
    DescriptorLimit,

    /// <summary>The kernel's memory for TCP is nearly used up.</summary>
    TcpMemory,

    /// <summary>There was no file descriptor left to accept a client with; it waits in the queue.</summary>
    DescriptorsGone,

    /// <summary>A datagram came while there was no tunnel.</summary>
    UdpNoTunnel,

    /// <summary>A datagram would have opened a session, but the tunnel takes no new ones.</summary>
    UdpTunnelTakesNone,

    /// <summary>A session gave way to a new one because the table was full.</summary>
    UdpSessionEvicted,

    /// <summary>A datagram to a client could not be sent: the socket's buffer was full or the kernel refused it.</summary>
    UdpSendFailed,

    /// <summary>A datagram was dropped because its session had just ended, and ended once more after it was opened again.</summary>
    UdpSessionGone,

    /// <summary>Clients' datagrams came faster than they could be read, and the kernel dropped some.</summary>
    UdpReceiveOverflow,

    /// <summary>A datagram of a client did not fit into the buffer.</summary>
    UdpTruncated,

    /// <summary>A datagram of a client that sends faster than the port's <c>uploadRate</c>.</summary>
    UdpUploadRate,

    /// <summary>An answer to a client that has sent one datagram, and would have got more than ten times its bytes.</summary>
    UdpAmplification,

    /// <summary>The hub has blocked the client's address at all ports, permanently or for a while.</summary>
    Blocked,

    /// <summary>The client's address is in the port's <c>denyCidrs</c>, or is not in its <c>allowCidrs</c>.</summary>
    Denied,

    /// <summary>The port has as many connections or sessions as it may.</summary>
    MaxConnections,

    /// <summary>The client's address, or its IPv6 /64, has as many connections or sessions at this port as it may.</summary>
    MaxConnectionsPerIp,

    /// <summary>The client's address, or its IPv6 /64, makes new connections or sessions faster than the port allows.</summary>
    ConnectionRate,

    /// <summary>All clients together make new connections faster than the hub admits them now, since the targets are slow.</summary>
    Adaptive,

    /// <summary>The port expects a PROXY header, and this peer may not send one: it is not among <c>trustedProxies</c>.</summary>
    ProxyNotTrusted,

    /// <summary>The PROXY header is missing, truncated or wrong.</summary>
    ProxyHeaderInvalid,

    /// <summary>The PROXY header did not come in time.</summary>
    ProxyHeaderTimeout,

    /// <summary>Too many connections of the port wait for their PROXY header.</summary>
    ProxyHeadersPending,
}
