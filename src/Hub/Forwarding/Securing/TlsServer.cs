using System.Collections.Immutable;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Tunnel.Hub.Certificates;
using Tunnel.Hub.Edges.Definitions;
using Tunnel.Shared.Protocol.Sni;

namespace Tunnel.Hub.Forwarding.Securing;

/// <summary>
/// The TLS server of ports with the same <c>tls</c>: which certificate a client is shown by the name that it asks for. Files that change
/// are loaded again; what can't be used leaves the old one. Any thread may ask it; one at a time looks at the files.
/// </summary>
internal sealed class TlsServer : IWatchedTls
{
    private readonly TlsDefinition _tls;
    private readonly WatchedCertificate[] _certificates;
    private readonly WatchedAuthorities? _authorities;
    private volatile Choice _choice;

    public TlsServer(TlsDefinition tls, TlsReports reports, TimeProvider time)
    {
        _tls = tls;
        _authorities = tls.ClientCa is { } authorities ? new WatchedAuthorities(authorities, reports) : null;
        _certificates = [.. tls.Certificates!.Select(own => new WatchedCertificate(own.CertPem, own.KeyPem, reports, time))];
        _choice = Choose();
    }

    /// <inheritdoc/>
    public IEnumerable<TlsFileState> Describe()
    {
        foreach (var certificate in _certificates)
            yield return certificate.State;
        if (_authorities?.Trouble is { } trouble)
            yield return trouble;
    }

    /// <summary>Returns the settings for a client.</summary>
    /// <param name="name">The name that it asks for; null when it names none.</param>
    /// <param name="isUnknown">Whether the port does not allow that name.</param>
    /// <returns>Null when the client is refused.</returns>
    public SslServerAuthenticationOptions? Find(string? name, out bool isUnknown)
    {
        var choice = _choice;
        var found = choice.Names.Find(name);
        isUnknown = found is null && _tls.StrictSni == true;
        return found ?? (isUnknown ? null : choice.First);
    }

    /// <inheritdoc/>
    public void Look()
    {
        var hasChanged = _authorities?.Look() == true;
        foreach (var certificate in _certificates)
            hasChanged |= certificate.Look();
        if (hasChanged)
            _choice = Choose();
    }

    private Choice Choose()
    {
        // Without the authorities nobody could show that he may come in.
        ImmutableArray<(PortCertificate Certificate, SslServerAuthenticationOptions Options)> all =
            _authorities is { All: null }
                ? []
                : [
                    .. _certificates.Select(static watched => watched.State.Certificate).OfType<PortCertificate>()
                        .Select(used => (used, Options(used)))];
        var names = all.SelectMany(static used => used.Certificate.Names.Select(name => KeyValuePair.Create(name, used.Options)));
        return new Choice(new NameTable<SslServerAuthenticationOptions>(names), all.IsEmpty ? null : all[0].Options);
    }

    private SslServerAuthenticationOptions Options(PortCertificate certificate) => new()
    {
        ServerCertificateContext = certificate.Context,
        EnabledSslProtocols = _tls.MinVersion == TlsVersion.Tls13 ? SslProtocols.Tls13 : SslProtocols.Tls12 | SslProtocols.Tls13,
        ApplicationProtocols = _tls.Alpn is { } names ? [.. names.Select(static name => new SslApplicationProtocol(name))] : null,
        ClientCertificateRequired = _authorities is not null,
        CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
        CertificateChainPolicy = _authorities?.All is { } authorities ? ForClients(authorities) : null,
        // A resumed session has been checked against the authorities that there were at its beginning.
        AllowTlsResume = _authorities is null,
    };

    private static X509ChainPolicy ForClients(X509Certificate2Collection authorities)
    {
        var policy = WatchedAuthorities.ChainPolicy(authorities);
        policy.ApplicationPolicy.Add(new Oid("1.3.6.1.5.5.7.3.2"));
        return policy;
    }

    private sealed record Choice(NameTable<SslServerAuthenticationOptions> Names, SslServerAuthenticationOptions? First);
}
