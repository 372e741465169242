using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Tunnel.Hub.Certificates;

namespace Tunnel.Hub.Forwarding.Securing;

/// <summary>
/// The authorities of peers. They are loaded again when their file changes; what can't be used leaves the old ones. One caller at a time
/// looks; anybody may ask.
/// </summary>
internal sealed class WatchedAuthorities
{
    private readonly PemSource _source;
    private readonly TlsReports _reports;
    private readonly ContentWatch _content;
    private volatile X509Certificate2Collection? _all;
    private volatile string? _fault;

    public WatchedAuthorities(PemSource source, TlsReports reports)
    {
        (_source, _reports) = (source, reports);
        _content = new ContentWatch(source);
        Load();
    }

    /// <summary>The authorities in use; null: there are none that could be used.</summary>
    public X509Certificate2Collection? All => _all;

    /// <summary>Describes the file if its present content can't be used.</summary>
    public TlsFileState? Trouble =>
        _fault is { } fault ? new TlsFileState(_source.ToString(), null, fault) { KeepsAuthorities = _all is not null } : null;

    /// <summary>Looks at the file.</summary>
    /// <returns>Whether others are in use from now on.</returns>
    public bool Look() => _content.HasChanged() && Load();

    /// <summary>Returns how a peer's certificate is checked with authorities.</summary>
    public static X509ChainPolicy ChainPolicy(X509Certificate2Collection authorities)
    {
        var policy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            RevocationMode = X509RevocationMode.NoCheck,
            DisableCertificateDownloads = true,
        };
        policy.CustomTrustStore.AddRange(authorities);
        return policy;
    }

    private bool Load()
    {
        try
        {
            if (PemFiles.Certificates(PemFiles.Read(_source)) is not { Count: > 0 } authorities)
                throw new CryptographicException("it has no certificate");
            (_all, _fault) = (authorities, null);
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException)
        {
            _fault = $"must be PEM with authorities: {e.Message}";
            _reports.OnFault(_source.ToString(), _fault, hasOld: _all is not null);
            return false;
        }
    }
}
