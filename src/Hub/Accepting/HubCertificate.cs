using System.Net;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Microsoft.Extensions.Logging;
using Tunnel.Hub.Certificates;
using Tunnel.Hub.Configuration;
using Tunnel.Shared.Files;
using Tunnel.Shared.Guarding;
using Tunnel.Shared.Hosting;
using Tunnel.Shared.Transport.Handshake;

namespace Tunnel.Hub.Accepting;

/// <summary>
/// The hub's certificate (protocol.md section 7): the configured PEM files, or an ECDSA P-256 certificate that is made at the first start
/// and kept in the state directory, because edges pin its key.
/// </summary>
internal sealed class HubCertificate : IDisposable
{
    public const string FileName = "hub-certificate.pem";
    private const string Valid = "Valid: a readable PEM certificate (with its chain) and the PEM private key that belongs to it.";
    private const string WrongKind = "Its key is neither of ECDSA nor of RSA.";
    private const int LifetimeYears = 10;

    private readonly Lock _lock = new();
    private Task<ServerTls>? _tls;

    private HubCertificate(X509Certificate2 certificate, X509Certificate2Collection chain)
    {
        Certificate = certificate;
        Chain = chain;
        Pin = CertificatePin.Compute(certificate);
    }

    public X509Certificate2 Certificate { get; }

    /// <summary>The issuers' certificates that came with it.</summary>
    public X509Certificate2Collection Chain { get; }

    /// <summary>The pin that tokens carry.</summary>
    public string Pin { get; }

    /// <summary>When its validity ends.</summary>
    public DateTimeOffset Expires => Certificate.NotAfter;

    /// <summary>
    /// The TLS server's settings with this certificate. Whoever asks first lets them be made, on a thread of the pool: to look for issuers
    /// the runtime reads all authorities of the system, which takes as long as the rest of the hub's start.
    /// </summary>
    public Task<ServerTls> Tls
    {
        get
        {
            lock (_lock)
            {
                // A creation that failed, for want of descriptors maybe, is tried again for the next connection.
                if (_tls is null or { IsFaulted: true })
                    _tls = Task.Run(MakeTls);
                return _tls;
            }
        }
    }

    /// <summary>Loads the certificate, or makes one when none is configured and the state directory has none.</summary>
    /// <exception cref="OperatorException">A file can't be read or is not a certificate, or certificate and key don't belong
    /// together.</exception>
    public static HubCertificate Load(TlsOptions options, string stateDir, TimeProvider time, ILogger logger)
    {
        if (options.CertPem is not null)
            return FromFiles(options);
        var path = Path.Combine(stateDir, FileName);
        if (UnixFile.At(path) is null)
        {
            Create(stateDir, path, time);
            AcceptingLog.CertificateMade(logger, path);
        }

        return FromState(path);
    }

    /// <summary>Loads the configured certificate.</summary>
    /// <exception cref="OperatorException">A file can't be read or is not a certificate, or certificate and key don't belong
    /// together.</exception>
    public static HubCertificate FromFiles(TlsOptions options) =>
        FromFiles("tls.certPem", options.CertPem!, "tls.keyPem", options.KeyPem ?? options.CertPem!);

    /// <summary>Loads a certificate that the hub has made.</summary>
    /// <exception cref="OperatorException">The file can't be read or is not a certificate.</exception>
    public static HubCertificate FromState(string path) => FromFiles("stateDir", new PemSource(path), "stateDir", new PemSource(path));

    /// <inheritdoc/>
    public void Dispose() => EndAsync().Guard("giving up a certificate");

    /// <summary>Reads a certificate and its key that the operator gives once, as text or by their paths.</summary>
    /// <exception cref="UnusableCertificateException">They can't be used.</exception>
    public static HubCertificate Take(PemSource cert, PemSource key)
    {
        try
        {
            return Read(cert, key);
        }
        catch (Exception e) when (IsOfContent(e))
        {
            throw new UnusableCertificateException($"{e.Message} {Valid}", e);
        }
    }

    /// <summary>Returns the certificate, its chain and its key, as the state directory has them.</summary>
    /// <exception cref="UnusableCertificateException">The key is of a kind that is not kept.</exception>
    public string ToPem()
    {
        using var key = KeyOf(Certificate) ?? throw new UnusableCertificateException($"{WrongKind} {Valid}");
        var certificates = Chain.Prepend(Certificate).Select(static own => own.ExportCertificatePem());
        return string.Join('\n', certificates.Append(key.ExportPkcs8PrivateKeyPem()));
    }

    private static HubCertificate FromFiles(string certSetting, PemSource cert, string keySetting, PemSource key)
    {
        try
        {
            return Read(cert, key);
        }
        catch (Exception e) when (IsOfContent(e))
        {
            var where = cert.Equals(key) ? $"{certSetting} '{cert}'" : $"{certSetting} '{cert}', {keySetting} '{key}'";
            throw new OperatorException($"{where}: {e.Message} {Valid}", e);
        }
    }

    private static HubCertificate Read(PemSource cert, PemSource key)
    {
        var text = PemFiles.Read(cert);
        var chain = PemFiles.Certificates(text);
        var certificate = X509Certificate2.CreateFromPem(text, PemFiles.Read(key));
        // No TLS server can be made with another kind of key, and that would show at the first connection only.
        using var kept = KeyOf(certificate) ?? throw new CryptographicException(WrongKind);
        chain.RemoveAt(0);
        return new HubCertificate(certificate, chain);
    }

    private async Task EndAsync()
    {
        // The creation under way reads the certificate until it is done.
        Task made;
        lock (_lock)
            made = _tls ?? Task.CompletedTask;
        await made.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        Certificate.Dispose();
    }

    private static AsymmetricAlgorithm? KeyOf(X509Certificate2 certificate) =>
        (AsymmetricAlgorithm?)certificate.GetECDsaPrivateKey() ?? certificate.GetRSAPrivateKey();

    // Made once because the context caches what OpenSSL needs, so that a connection costs no certificate work. Offline: nothing is fetched
    // from an issuer.
    private ServerTls MakeTls() => new(SslStreamCertificateContext.Create(Certificate, Chain, offline: true));

    private static bool IsOfContent(Exception error) => error is IOException or CryptographicException or ArgumentException;

    /// <summary>Makes a key and its certificate and keeps both in the state directory.</summary>
    /// <exception cref="OperatorException">The state directory can't be written.</exception>
    public static void Create(string stateDir, string path, TimeProvider time)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var certificate = SelfSign(key, time.GetUtcNow());
        Keep(stateDir, path, certificate.ExportCertificatePem() + "\n" + key.ExportPkcs8PrivateKeyPem());
    }

    /// <summary>Keeps a certificate and its key in the state directory.</summary>
    /// <exception cref="OperatorException">The state directory can't be written.</exception>
    public static void Keep(string stateDir, string path, string pem)
    {
        var content = Encoding.ASCII.GetBytes(pem + "\n");
        var files = new StateFiles();
        try
        {
            // The file is complete and on the disk before it gets its name: edges that pinned a half-written key would be locked out.
            files.MakeDirectory(stateDir);
            files.Replace(path, content);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new OperatorException(
                $"stateDir '{stateDir}': the hub's certificate can't be kept there: {FileFault.Of(e, path)}. Valid: a directory that the "
                + "hub can write.",
                e);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(content);
        }
    }

    private static X509Certificate2 SelfSign(ECDsa key, DateTimeOffset now)
    {
        var request = new CertificateRequest("CN=tunnel-hub", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, critical: true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1")], critical: false));
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("tunnel-hub");
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        // The certificate is valid from a day ago, because the edge's clock may be behind.
        var start = now.AddDays(-1);
        return request.CreateSelfSigned(start, start.AddYears(LifetimeYears));
    }
}
