using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Tunnel.Hub.Edges.Definitions;

namespace Tunnel.Hub.Forwarding.Securing;

/// <summary>How the hub speaks TLS to targets of ports with the same <c>upstreamTls</c>. Any thread may ask it.</summary>
internal sealed class TargetTls(UpstreamTlsDefinition written, TlsReports reports, TimeProvider time) : IWatchedTls
{
    private readonly WatchedAuthorities? _authorities = written.Ca is { } ca ? new WatchedAuthorities(ca, reports) : null;
    private readonly WatchedCertificate? _certificate =
        written.ClientCert is { } cert ? new WatchedCertificate(cert, null, reports, time) : null;

    /// <summary>Returns the settings of a handshake.</summary>
    /// <param name="target">The target's name or address.</param>
    /// <param name="protocol">The protocol that the client has agreed on; null: none.</param>
    /// <exception cref="CryptographicException">What it needs can't be used.</exception>
    public SslClientAuthenticationOptions Options(string target, string? protocol)
    {
        if ((_authorities?.All is null ? _authorities?.Trouble : null) is { } trouble)
            throw new CryptographicException($"{trouble.Path} {trouble.Fault}");
        if (_certificate?.State is { Certificate: null } none)
            throw new CryptographicException($"{none.Path} {none.Fault}");
        return new SslClientAuthenticationOptions
        {
            TargetHost = written.Sni ?? target,
            EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
            ApplicationProtocols = protocol is null ? null : [new SslApplicationProtocol(protocol)],
            CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
            CertificateChainPolicy = _authorities?.All is { } authorities ? WatchedAuthorities.ChainPolicy(authorities) : null,
            ClientCertificateContext = _certificate?.State.Certificate?.Context,
            RemoteCertificateValidationCallback = written.Verify == false ? static (_, _, _, _) => true : null,
        };
    }

    /// <inheritdoc/>
    public void Look()
    {
        _authorities?.Look();
        _certificate?.Look();
    }

    /// <inheritdoc/>
    public IEnumerable<TlsFileState> Describe()
    {
        if (_certificate is not null)
            yield return _certificate.State;
        if (_authorities?.Trouble is { } trouble)
            yield return trouble;
    }
}
