using Tunnel.Shared.Protocol;

namespace Tunnel.Hub.Targets;

/// <summary>Why a client's stream did not reach its upstream.</summary>
internal enum StreamFailure
{
    /// <summary>The edge opened a stream for a port that is not assigned to it.</summary>
    PortNotAssigned,

    /// <summary>The edge already has the allowed number of streams open.</summary>
    TooManyStreams,

    /// <summary>The upstream refused the connection.</summary>
    Refused,

    /// <summary>There is no route to the upstream.</summary>
    Unreachable,

    /// <summary>The upstream's name has no address.</summary>
    NameNotFound,

    /// <summary>The upstream's name has only addresses that <c>targetAllowCidrs</c> does not allow.</summary>
    TargetNotAllowed,

    /// <summary>No target of the port's pool can be used.</summary>
    NoTarget,

    /// <summary>The upstream did not answer in time.</summary>
    ConnectTimeout,

    /// <summary>This machine has no port or memory left for a connection.</summary>
    NoResources,

    /// <summary>The hub has too few descriptors left: the rest is for tunnels, the admin API and the hub itself.</summary>
    DescriptorLimit,

    /// <summary>The kernel's memory for TCP is nearly used up.</summary>
    TcpMemory,

    /// <summary>The upstream was connected, but gone before it had received its PROXY header.</summary>
    UpstreamGone,

    /// <summary>The client or the tunnel was gone before the upstream answered.</summary>
    ClientGone,

    /// <summary>The port's lists don't allow the client, though the edge let it in.</summary>
    SourceDenied,

    /// <summary>
    /// The client's address, as the edge names it, is not one of the Internet, and the port does not allow such addresses.
    /// </summary>
    PrivateSource,

    /// <summary>The edge named no client, which the port does not allow.</summary>
    UnknownSource,

    /// <summary>The client is a connection of this hub: the target leads back to a port of an edge.</summary>
    ForwardingLoop,

    /// <summary>A hook of the program that embeds the hub has refused the client.</summary>
    HookRefused,

    /// <summary>A hook took longer than it may.</summary>
    HookTimeout,

    /// <summary>A hook threw an exception.</summary>
    HookFailed,

    /// <summary>The port's <c>authorizeUrl</c> does not allow the client.</summary>
    AuthorizeRefused,

    /// <summary>The port's <c>authorizeUrl</c> did not say whether the client is allowed.</summary>
    AuthorizeFailed,

    /// <summary>The program that accepts the port's clients in this process takes no more.</summary>
    NotAccepted,

    /// <summary>A client of a port with <c>tls</c> took too long for its first message.</summary>
    HelloTimeout,

    /// <summary>The client's first bytes are not TLS.</summary>
    NotTls,

    /// <summary>The client's first message is longer than can be read.</summary>
    HelloTooLong,

    /// <summary>The client asks for a name that the port does not have, or for none, which the port does not allow.</summary>
    UnknownName,

    /// <summary>So many clients were slow with their first message that this one had to give way to a new one.</summary>
    TooManyHandshakes,

    /// <summary>
    /// The TLS handshake with the client failed: there was no version or protocol in common, or it showed no certificate that is valid.
    /// </summary>
    HandshakeFailed,

    /// <summary>The client took too long for its part of the handshake.</summary>
    HandshakeTimeout,

    /// <summary>None of the port's certificates can be used.</summary>
    NoCertificate,

    /// <summary>The TLS handshake with the upstream failed, such as when its certificate is for another name.</summary>
    UpstreamTls,
}

internal static class StreamFailures
{
    /// <summary>Returns what an operator is told of an upstream that failed so.</summary>
    public static string Words(this StreamFailure failure) => failure switch
    {
        StreamFailure.Refused => "connection refused",
        StreamFailure.ConnectTimeout => "connect time-out",
        StreamFailure.Unreachable => "no route",
        StreamFailure.UpstreamGone => "reset before it answered",
        StreamFailure.UpstreamTls => "TLS handshake failed",
        _ => "connection failed",
    };

    /// <summary>Whether the failure says that the upstream does not work, and not that this machine lacks something.</summary>
    public static bool IsOfUpstream(this StreamFailure failure) =>
        failure is StreamFailure.Refused or StreamFailure.ConnectTimeout or StreamFailure.Unreachable or StreamFailure.UpstreamGone
            or StreamFailure.UpstreamTls;

    /// <summary>Whether the client was turned away, so that the failure says nothing of the upstream.</summary>
    public static bool IsOfClient(this StreamFailure failure) =>
        failure is StreamFailure.HookRefused or StreamFailure.HookTimeout or StreamFailure.HookFailed or StreamFailure.ClientGone
        or StreamFailure.AuthorizeRefused or StreamFailure.AuthorizeFailed
        or StreamFailure.HelloTimeout or StreamFailure.NotTls or StreamFailure.HelloTooLong or StreamFailure.UnknownName
        or StreamFailure.TooManyHandshakes or StreamFailure.HandshakeFailed or StreamFailure.HandshakeTimeout;

    /// <summary>Returns the reason that the edge is told.</summary>
    public static ResetReason ToResetReason(this StreamFailure failure) => failure switch
    {
        StreamFailure.PortNotAssigned or StreamFailure.TooManyStreams => ResetReason.Policy,
        StreamFailure.SourceDenied or StreamFailure.PrivateSource or StreamFailure.UnknownSource => ResetReason.Policy,
        StreamFailure.HookRefused or StreamFailure.HookTimeout or StreamFailure.HookFailed => ResetReason.Policy,
        StreamFailure.AuthorizeRefused or StreamFailure.AuthorizeFailed => ResetReason.Policy,
        StreamFailure.HelloTimeout or StreamFailure.NotTls or StreamFailure.HelloTooLong or StreamFailure.UnknownName
            or StreamFailure.HandshakeFailed or StreamFailure.HandshakeTimeout => ResetReason.Policy,
        StreamFailure.TooManyHandshakes or StreamFailure.NoCertificate => ResetReason.Overloaded,
        StreamFailure.Refused => ResetReason.Refused,
        StreamFailure.Unreachable or StreamFailure.NameNotFound or StreamFailure.NoTarget or StreamFailure.TargetNotAllowed
            or StreamFailure.ForwardingLoop => ResetReason.Unreachable,
        StreamFailure.ConnectTimeout => ResetReason.ConnectTimeout,
        StreamFailure.NotAccepted or StreamFailure.NoResources or StreamFailure.DescriptorLimit
            or StreamFailure.TcpMemory => ResetReason.Overloaded,
        StreamFailure.UpstreamGone or StreamFailure.UpstreamTls => ResetReason.ResetByPeer,
        _ => ResetReason.Unspecified,
    };
}
