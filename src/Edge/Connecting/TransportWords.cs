using Tunnel.Shared.Transport;

namespace Tunnel.Edge.Connecting;

/// <summary>A transport's name in the status, in events and in metrics.</summary>
internal static class TransportWords
{
    /// <summary><c>tcpTls</c> or <c>quic</c>.</summary>
    public static string Word(this TransportKind kind) => kind == TransportKind.TcpTls ? "tcpTls" : "quic";
}
