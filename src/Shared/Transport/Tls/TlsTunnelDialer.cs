namespace Tunnel.Shared.Transport.Tls;

/// <summary>Dials hubs over TLS over TCP.</summary>
public sealed class TlsTunnelDialer(TransportContext context) : ITunnelDialer
{
    /// <inheritdoc/>
    public TransportKind Kind => TransportKind.TcpTls;

    /// <inheritdoc/>
    public Task<DialResult> DialAsync(DialRequest request, CancellationToken cancellationToken) => throw new NotImplementedException($"{context}");
}
