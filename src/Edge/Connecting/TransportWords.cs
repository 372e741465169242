using Tunnel.Shared.Transport;

namespace Tunnel.Edge.Connecting;

/// <summary>Names a transport in the status, in events and in metrics.</summary>
internal static class TransportWords
{
    /// <summary>Returns <c>tcpTls</c> or <c>quic</c>.</summary>
    public static string Word(this TransportKind kind) => kind == TransportKind.TcpTls ? "tcpTls" : "quic";
}
