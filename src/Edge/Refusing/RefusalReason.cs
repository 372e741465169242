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

    /// <summary>A datagram of a session that ended just then, and once more when it was opened again.</summary>
    UdpSessionGone,

    /// <summary>Datagrams of clients came faster than they could be read, and the kernel dropped some.</summary>
    UdpReceiveOverflow,

    /// <summary>A datagram of a client did not fit into the buffer.</summary>
    UdpTruncated,

    /// <summary>The hub has blocked the client's address: at all ports, for good or for a while.</summary>
    Blocked,

    /// <summary>The port's <c>denyCidrs</c> has the client's address, or its <c>allowCidrs</c> has not.</summary>
    Denied,

    /// <summary>The port has as many connections or sessions as it may.</summary>
    MaxConnections,

    /// <summary>The client's address, or its IPv6 /64, has as many connections or sessions at this port as it may.</summary>
    MaxConnectionsPerIp,

    /// <summary>The client's address, or its IPv6 /64, makes new connections or sessions faster than the port allows.</summary>
    ConnectionRate,

    /// <summary>The port wants a PROXY header, which this peer may not send: it is none of <c>trustedProxies</c>.</summary>
    ProxyNotTrusted,

    /// <summary>The PROXY header is missing, truncated or wrong.</summary>
    ProxyHeaderInvalid,

    /// <summary>The PROXY header did not come in time.</summary>
    ProxyHeaderTimeout,

    /// <summary>Too many connections of the port wait for their PROXY header.</summary>
    ProxyHeadersPending,
}
