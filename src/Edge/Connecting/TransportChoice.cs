using Tunnel.Shared.Transport;

namespace Tunnel.Edge.Connecting;

/// <summary>
/// Why a tunnel runs over what it runs over. The names are those of the status, of the event and of the metric's label, in camelCase.
/// </summary>
internal enum TransportReason
{
    /// <summary>The mode allows no other.</summary>
    Configured,

    /// <summary>QUIC, which is tried first.</summary>
    Preferred,

    /// <summary>TLS, since this machine has no libmsquic.</summary>
    QuicNotInstalled,

    /// <summary>TLS, since over QUIC nobody answered in time: most often a network that drops UDP.</summary>
    QuicTimedOut,

    /// <summary>TLS, since the hub's UDP port could not be reached: QUIC is off at the hub, or a firewall refuses it.</summary>
    QuicUnreachable,

    /// <summary>TLS, since what answered over QUIC did not speak this protocol.</summary>
    QuicFailed,
}

/// <summary>A transport's reason.</summary>
/// <param name="Reason">For machines.</param>
/// <param name="Detail">For the operator; null when there is no more to say.</param>
internal sealed record TransportChoice(TransportReason Reason, string? Detail = null)
{
    public static TransportChoice Configured { get; } = new(TransportReason.Configured);

    public static TransportChoice Preferred { get; } = new(TransportReason.Preferred);

    /// <summary>The reason as one word.</summary>
    public string Word => Reason switch
    {
        TransportReason.Configured => "configured",
        TransportReason.Preferred => "preferred",
        TransportReason.QuicNotInstalled => "quicNotInstalled",
        TransportReason.QuicTimedOut => "quicTimedOut",
        TransportReason.QuicUnreachable => "quicUnreachable",
        _ => "quicFailed",
    };
}

/// <summary>A dial's outcome, and why over this transport.</summary>
internal readonly record struct DialOutcome(DialResult Result, TransportChoice Choice);
