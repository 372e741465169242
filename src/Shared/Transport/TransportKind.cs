namespace Tunnel.Shared.Transport;

/// <summary>The transport that a tunnel runs over.</summary>
public enum TransportKind
{
    /// <summary>The framed mux over TLS over TCP.</summary>
    TcpTls,

    /// <summary>QUIC streams and datagrams.</summary>
    Quic,
}
