namespace Tunnel.Edge.Listening;

/// <summary>Why a client was turned away or a datagram dropped at the edge. The names, in camelCase, are keys of the status.</summary>
internal enum RefusalReason
{
    /// <summary>There is no tunnel to a hub at present.</summary>
    NoTunnel,

    /// <summary>The tunnel takes no new streams: it is going away or at its limit.</summary>
    TunnelTakesNone,

    /// <summary>90 % of the process's file descriptors are in use.</summary>
    DescriptorLimit,

    /// <summary>There was no file descriptor left to accept a client with; it waits in the queue.</summary>
    DescriptorsGone,

    /// <summary>A datagram came while there was no tunnel.</summary>
    UdpNoTunnel,

    /// <summary>A datagram would have opened a session, but the tunnel takes no new ones.</summary>
    UdpTunnelTakesNone,

    /// <summary>A session gave way to a new one because the table was full.</summary>
    UdpSessionEvicted,

    /// <summary>A datagram from a client did not fit into the tunnel's queue.</summary>
    UdpQueueFull,

    /// <summary>A datagram to a client could not be sent: the socket's buffer was full or the kernel refused it.</summary>
    UdpSendFailed,

    /// <summary>A datagram to a client of a session that is over.</summary>
    UdpSessionGone,
}
