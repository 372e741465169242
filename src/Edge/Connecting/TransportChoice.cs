using Tunnel.Shared.Transport;

namespace Tunnel.Edge.Connecting;

/// <summary>
/// Why a tunnel runs over its transport. The names, in camelCase, are those of the status, of the event and of the metric's label.
/// </summary>
internal enum TransportReason
{
    /// <summary>The mode allows no other transport.</summary>
    Configured,

    /// <summary>QUIC, because it is tried first.</summary>
    Preferred,

    /// <summary>TLS, because this machine has no libmsquic.</summary>
    QuicNotInstalled,

    /// <summary>TLS, because nobody answered over QUIC in time, most often because a network drops UDP.</summary>
    QuicTimedOut,

    /// <summary>TLS, because the hub's UDP port could not be reached: QUIC is off at the hub, or a firewall refuses it.</summary>
    QuicUnreachable,

    /// <summary>TLS, because what answered over QUIC did not speak this protocol.</summary>
    QuicFailed,

    /// <summary>TLS, because a proxy is on the way, which lets no QUIC through.</summary>
    Proxied,
}

/// <summary>Why a transport was chosen.</summary>
/// <param name="Reason">The reason for machines.</param>
/// <param name="Detail">The explanation for the operator; null when there is no more to say.</param>
internal sealed record TransportChoice(TransportReason Reason, string? Detail = null)
{
    public static TransportChoice Configured { get; } = new(TransportReason.Configured);

    public static TransportChoice Preferred { get; } = new(TransportReason.Preferred);

    /// <summary>The reason as one word, in camelCase.</summary>
    public string Word => Reason switch
    {
        TransportReason.Configured => "configured",
        TransportReason.Preferred => "preferred",
        TransportReason.QuicNotInstalled => "quicNotInstalled",
        TransportReason.QuicTimedOut => "quicTimedOut",
        TransportReason.QuicUnreachable => "quicUnreachable",
        TransportReason.Proxied => "proxied",
        _ => "quicFailed",
    };
}

/// <summary>The outcome of a dial, and why it used this transport.</summary>
internal readonly record struct DialOutcome(DialResult Result, TransportChoice Choice);
