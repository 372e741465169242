using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Tunnel.Shared.Transport.Handshake;
using Tunnel.Shared.Transport.Tls;

namespace Tunnel.Hub.Accepting;

/// <summary>The hub's TLS settings: 1.3 only, ALPN <c>tunnel/1</c> and, where it is offered, HTTP; no client certificate.</summary>
internal sealed class ServerTls(SslStreamCertificateContext certificate)
{
    private static readonly SslApplicationProtocol Tunnel = new(TunnelProtocol.Alpn);

    /// <summary>
    /// Settings for a port that offers tunnels only. With this list OpenSSL refuses a client that offers only other protocols
    /// (no_application_protocol), and accepts one that offers none, which is a tunnel peer as well.
    /// </summary>
    public SslServerAuthenticationOptions ForTunnels { get; } = Create(certificate, Tunnel);

    /// <summary>
    /// Settings for clients that may use HTTP too. The first protocol in this list that the client offers is chosen: a tunnel wins.
    /// </summary>
    public SslServerAuthenticationOptions ForTunnelsAndHttp { get; } =
        Create(certificate, Tunnel, SslApplicationProtocol.Http2, SslApplicationProtocol.Http11);

    /// <summary>Settings for a listener that serves HTTP only.</summary>
    public SslServerAuthenticationOptions ForHttp { get; } =
        Create(certificate, SslApplicationProtocol.Http2, SslApplicationProtocol.Http11);

    private static SslServerAuthenticationOptions Create(
        SslStreamCertificateContext certificate, params ReadOnlySpan<SslApplicationProtocol> protocols) => new()
        {
            ServerCertificateContext = certificate,
            EnabledSslProtocols = SslProtocols.Tls13,
            CipherSuitesPolicy = TlsTunnel.CipherSuites,
            ApplicationProtocols = [.. protocols],
            ClientCertificateRequired = false,
            CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
            // A tunnel lives for days, so tickets would cost every handshake two more records and save nothing.
            AllowTlsResume = false,
        };
}
