namespace Tunnel.Hub.Targets;

/// <summary>Why a UDP session or one of its datagrams did not reach its upstream, or a reply did not reach its client.</summary>
internal enum SessionFailure
{
    /// <summary>The edge opened a session for a port that is not assigned to it.</summary>
    PortNotAssigned,

    /// <summary>The edge already has the allowed number of sessions open.</summary>
    TooManySessions,

    /// <summary>The hub has as many sessions as its descriptors allow, so one that was idle for long gave way to a new one.</summary>
    Evicted,

    /// <summary>The hub has too few descriptors left: the rest is for tunnels, the admin API and the hub itself.</summary>
    DescriptorLimit,

    /// <summary>The upstream's name has no address.</summary>
    NameNotFound,

    /// <summary>The upstream's name has only addresses that <c>targetAllowCidrs</c> does not allow.</summary>
    TargetNotAllowed,

    /// <summary>No target of the port's pool can be used.</summary>
    NoTarget,

    /// <summary>No socket could be made for the session, or there is no route to the upstream.</summary>
    Unreachable,

    /// <summary>An ICMP message says that nobody listens at the upstream; the session continues.</summary>
    Refused,

    /// <summary>A datagram with its header is larger than UDP can carry.</summary>
    TooLarge,

    /// <summary>The kernel had no room for a datagram.</summary>
    NoRoom,

    /// <summary>More datagrams came before the upstream's name was resolved than can be held.</summary>
    NotReady,

    /// <summary>A datagram waited so long for the upstream's name that it is no longer useful.</summary>
    Expired,

    /// <summary>The session ended before a datagram or a reply could be sent.</summary>
    SessionGone,

    /// <summary>The kernel refused to send a datagram, or the upstream's network answered that there is no route.</summary>
    SendFailed,

    /// <summary>The upstream's replies came faster than they could be read, and the kernel dropped some.</summary>
    ReceiveOverflow,

    /// <summary>A reply came faster than the port's <c>downloadRate</c> allows.</summary>
    DownloadRate,

    /// <summary>The port's lists don't allow the client, though the edge let it in.</summary>
    SourceDenied,

    /// <summary>
    /// The client's address, as the edge names it, is not one of the Internet, and the port does not allow such addresses.
    /// </summary>
    PrivateSource,

    /// <summary>The edge named no client, which the port does not allow.</summary>
    UnknownSource,

    /// <summary>The client is a session's socket of this hub: the target leads back to a port of an edge.</summary>
    ForwardingLoop,
}

internal static class SessionFailures
{
    /// <summary>Whether the failure is the upstream's fault.</summary>
    public static bool IsOfUpstream(this SessionFailure failure) =>
        failure is SessionFailure.Refused or SessionFailure.SendFailed or SessionFailure.Unreachable or SessionFailure.NameNotFound
        or SessionFailure.NoTarget or SessionFailure.TargetNotAllowed;

    /// <summary>
    /// Whether a session failed; its datagrams, if any, are counted for reasons of their own. If false, the failure is of a datagram.
    /// </summary>
    public static bool IsOfSession(this SessionFailure failure) =>
        failure is SessionFailure.PortNotAssigned or SessionFailure.TooManySessions
        or SessionFailure.Evicted or SessionFailure.NameNotFound or SessionFailure.TargetNotAllowed
        or SessionFailure.NoTarget or SessionFailure.Unreachable or SessionFailure.DescriptorLimit
        or SessionFailure.SourceDenied or SessionFailure.PrivateSource or SessionFailure.UnknownSource or SessionFailure.ForwardingLoop;
}
