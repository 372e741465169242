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
internal sealed class TlsServer
{
    private readonly TlsDefinition _tls;
    private readonly TlsReports _reports;
    private readonly TimeProvider _time;
    private readonly Slot[] _slots;
    private readonly ContentWatch? _authoritiesWatch;
    private X509Certificate2Collection? _authorities;
    private string? _authoritiesFault;
    private volatile Choice _choice;

    public TlsServer(TlsDefinition tls, TlsReports reports, TimeProvider time)
    {
        (_tls, _reports, _time) = (tls, reports, time);
        _slots = [.. tls.Certificates!.Select(static definition => new Slot(definition))];
        if (tls.ClientCa is not null)
        {
            _authoritiesWatch = new ContentWatch(tls.ClientCa);
            LoadAuthorities();
        }

        foreach (var slot in _slots)
            Load(slot);
        _choice = Choose();
    }

    /// <summary>The certificates in use, each with its path.</summary>
    public IEnumerable<(string Path, PortCertificate Certificate)> Certificates =>
        from slot in _slots
        let certificate = slot.Certificate
        where certificate is not null
        select (slot.Definition.CertPem, certificate);

    /// <summary>Describes its files: those with certificates, and the one with clients' authorities if it can't be used.</summary>
    public IEnumerable<TlsFileState> Describe()
    {
        foreach (var slot in _slots)
            yield return new TlsFileState(slot.Definition.CertPem, slot.Certificate, slot.Fault);
        if (_tls.ClientCa is { } file && _authoritiesFault is { } fault)
            yield return new TlsFileState(file, null, fault);
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

    /// <summary>Looks whether the files have changed.</summary>
    public void Look()
    {
        var hasChanged = _authoritiesWatch?.HasChanged() == true && LoadAuthorities();
        foreach (var slot in _slots)
        {
            hasChanged |= slot.Content.HasChanged() && Load(slot);
            if (slot is { Certificate: { } certificate, IsExpiryTold: false }
                && certificate.Expires - _time.GetUtcNow() < CertificateEnd.Soon)
            {
                slot.IsExpiryTold = true;
                _reports.OnExpiring(slot.Definition.CertPem, certificate);
            }
        }

        if (hasChanged)
            _choice = Choose();
    }

    private bool Load(Slot slot)
    {
        var (certPem, keyPem) = (slot.Definition.CertPem, slot.Definition.KeyPem);
        DateTimeOffset? now = slot.Certificate is null ? null : _time.GetUtcNow();
        if (PortCertificate.TryLoad(certPem, keyPem, now, out var fault) is not { } loaded)
        {
            var path = fault.IsOfKey ? keyPem ?? certPem : certPem;
            slot.Fault = path == certPem ? fault.Message : $"{fault.Message} ({path})";
            _reports.OnFault(path, fault.Message, hasOld: slot.Certificate is not null);
            return false;
        }

        (slot.Certificate, slot.Fault, slot.IsExpiryTold) = (loaded, null, false);
        _reports.OnLoaded(certPem, loaded);
        return true;
    }

    private bool LoadAuthorities()
    {
        try
        {
            if (PemFiles.Certificates(PemFiles.Read(_tls.ClientCa!)) is not { Count: > 0 } authorities)
                throw new CryptographicException("it has no certificate");
            (_authorities, _authoritiesFault) = (authorities, null);
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException)
        {
            _authoritiesFault = $"must be a PEM file with authorities: {e.Message}";
            _reports.OnFault(_tls.ClientCa!, _authoritiesFault, hasOld: _authorities is not null);
            return false;
        }
    }

    private Choice Choose()
    {
        // Without the authorities nobody could show that he may come in.
        ImmutableArray<(PortCertificate Certificate, SslServerAuthenticationOptions Options)> all =
            _tls.ClientCa is not null && _authorities is null
                ? []
                : [.. _slots.Select(static slot => slot.Certificate).OfType<PortCertificate>().Select(used => (used, Options(used)))];
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
        CertificateChainPolicy = _authorities is { } authorities ? ChainPolicy(authorities) : null,
        // A resumed session has been checked against the authorities that there were at its beginning.
        AllowTlsResume = _authorities is null,
    };

    private static X509ChainPolicy ChainPolicy(X509Certificate2Collection authorities)
    {
        var policy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            RevocationMode = X509RevocationMode.NoCheck,
            DisableCertificateDownloads = true,
        };
        policy.CustomTrustStore.AddRange(authorities);
        policy.ApplicationPolicy.Add(new Oid("1.3.6.1.5.5.7.3.2"));
        return policy;
    }

    private sealed class Slot(CertificateDefinition definition)
    {
        public CertificateDefinition Definition => definition;

        public ContentWatch Content { get; } = new(definition.CertPem, definition.KeyPem);

        public PortCertificate? Certificate { get; set; }

        public string? Fault { get; set; }

        public bool IsExpiryTold { get; set; }
    }

    private sealed record Choice(NameTable<SslServerAuthenticationOptions> Names, SslServerAuthenticationOptions? First);
}
