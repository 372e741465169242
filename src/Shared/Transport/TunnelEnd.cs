namespace Tunnel.Shared.Transport;

/// <summary>Why a tunnel ended.</summary>
public enum TunnelEndKind
{
    /// <summary>This side closed it in order.</summary>
    Closed,

    /// <summary>The peer closed the connection.</summary>
    PeerClosed,

    /// <summary>The connection broke: reset, unreachable, TLS failure.</summary>
    ConnectionLost,

    /// <summary>Nothing was heard for the liveness limit (45 s).</summary>
    Timeout,

    /// <summary>The peer broke the protocol.</summary>
    ProtocolError,

    /// <summary>Another tunnel of the same edge took its place.</summary>
    Replaced,

    /// <summary>The edge was removed or disabled, or its secret is no longer valid.</summary>
    Revoked,
}

/// <summary>The first reason for a tunnel's end.</summary>
/// <param name="Kind">The kind of end.</param>
/// <param name="Detail">The reason in words, for logs: code, frame and cause.</param>
public sealed record TunnelEnd(TunnelEndKind Kind, string Detail);
