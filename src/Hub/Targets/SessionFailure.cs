namespace Tunnel.Hub.Targets;

/// <summary>Why a UDP session or one of its datagrams did not reach its upstream, or a reply its client.</summary>
internal enum SessionFailure
{
    /// <summary>The edge opened a session for a port that is not assigned to it.</summary>
    PortNotAssigned,

    /// <summary>The edge has as many sessions open as it may.</summary>
    TooManySessions,

    /// <summary>The hub has as many sessions as its descriptors allow; one that was idle for long gave way to a new one.</summary>
    Evicted,

    /// <summary>The hub has too few descriptors left: the rest is for tunnels, the admin API and itself.</summary>
    DescriptorLimit,

    /// <summary>The upstream's name has no address.</summary>
    NameNotFound,

    /// <summary>No socket could be made for the session, or there is no route.</summary>
    Unreachable,

    /// <summary>An ICMP message says that nobody listens at the upstream; the session goes on.</summary>
    Refused,

    /// <summary>A datagram with its header is larger than UDP can carry.</summary>
    TooLarge,

    /// <summary>The kernel had no room for a datagram.</summary>
    NoRoom,

    /// <summary>More datagrams than are held came before the upstream's name was resolved.</summary>
    NotReady,

    /// <summary>A datagram waited longer for the upstream's name than it is of use.</summary>
    Expired,

    /// <summary>The session ended before a datagram or a reply could be sent.</summary>
    SessionGone,

    /// <summary>The kernel refused to send a datagram, or the upstream's network answered that there is no way.</summary>
    SendFailed,

    /// <summary>The upstream's replies came faster than they could be read, and the kernel dropped some.</summary>
    ReceiveOverflow,

    /// <summary>The port's lists don't let the client in, though its edge did.</summary>
    SourceDenied,

    /// <summary>The edge named an address as the client's that is not one of the Internet, which the port does not allow.</summary>
    PrivateSource,

    /// <summary>The edge named no client, which the port does not allow.</summary>
    UnknownSource,
}

internal static class SessionFailures
{
    /// <summary>Whether the upstream is to blame.</summary>
    public static bool IsOfUpstream(this SessionFailure failure) =>
        failure is SessionFailure.Refused or SessionFailure.SendFailed or SessionFailure.Unreachable or SessionFailure.NameNotFound;

    /// <summary>
    /// Whether it is a session that came to nothing; its datagrams, if any, are counted for reasons of their own. Else it is a datagram.
    /// </summary>
    public static bool IsOfSession(this SessionFailure failure) =>
        failure is SessionFailure.PortNotAssigned or SessionFailure.TooManySessions
        or SessionFailure.Evicted or SessionFailure.NameNotFound or SessionFailure.Unreachable or SessionFailure.DescriptorLimit
        or SessionFailure.SourceDenied or SessionFailure.PrivateSource or SessionFailure.UnknownSource;
}
