namespace Tunnel.Shared.Transport;

/// <summary>Names a transport as operators know it: in settings, logs, the status, events and metrics.</summary>
public static class TransportWords
{
    /// <summary>Returns <c>tcpTls</c> or <c>quic</c>.</summary>
    public static string Word(this TransportKind kind) => kind == TransportKind.TcpTls ? "tcpTls" : "quic";
}
