using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Tunnel.Shared.Transport.Tls;

namespace Tunnel.Hub.Accepting;

/// <summary>The hub's TLS settings: 1.3 only, ALPN <c>tunnel/1</c>, no client certificate.</summary>
internal sealed class ServerTls(HubCertificate certificate)
{
    /// <summary>
    /// With this list OpenSSL refuses a client that offers only other protocols (no_application_protocol), and takes one that offers none,
    /// which is a tunnel peer as well.
    /// </summary>
    public SslServerAuthenticationOptions Options { get; } = new()
    {
        ServerCertificateContext = certificate.Context,
        EnabledSslProtocols = SslProtocols.Tls13,
        CipherSuitesPolicy = TlsTunnel.CipherSuites,
        ApplicationProtocols = [new SslApplicationProtocol(TlsTunnel.Alpn)],
        ClientCertificateRequired = false,
        CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
        // A tunnel lives for days: tickets would cost every handshake two more records and save nothing.
        AllowTlsResume = false,
    };
}
