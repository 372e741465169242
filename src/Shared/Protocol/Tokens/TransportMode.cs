namespace Tunnel.Shared.Protocol.Tokens;

/// <summary>How an edge reaches its hub (docs/operations/transports.md).</summary>
public enum TransportMode
{
    /// <summary>TLS over TCP only.</summary>
    TcpTls,

    /// <summary>QUIC only.</summary>
    Quic,

    /// <summary>QUIC where the network lets it through, TLS over TCP where it does not.</summary>
    QuicWithFallback,
}

/// <summary>The words for <see cref="TransportMode"/>, in tokens and in settings.</summary>
public static class TransportModes
{
    /// <summary>Each mode by its word.</summary>
    public static IReadOnlyDictionary<string, TransportMode> Words { get; } = new Dictionary<string, TransportMode>
    {
        ["tcpTls"] = TransportMode.TcpTls,
        ["quic"] = TransportMode.Quic,
        ["quicWithFallback"] = TransportMode.QuicWithFallback,
    };

    /// <summary>The valid words, for messages.</summary>
    public static string Valid { get; } = string.Join(", ", Words.Keys);

    /// <summary>The word of a mode.</summary>
    public static string Word(this TransportMode mode) => Words.First(entry => entry.Value == mode).Key;
}
