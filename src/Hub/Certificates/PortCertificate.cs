using System.Collections.Immutable;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Tunnel.Shared.Protocol.Sni;

namespace Tunnel.Hub.Certificates;

/// <summary>A certificate with its key that clients of a port are shown.</summary>
internal sealed class PortCertificate
{
    private PortCertificate(X509Certificate2 certificate, X509Certificate2Collection chain)
    {
        Names = NamesOf(certificate);
        Expires = certificate.NotAfter;
        // The chain is built offline: nothing is fetched from an issuer.
        Context = SslStreamCertificateContext.Create(certificate, chain, offline: true);
    }

    /// <summary>The host names that it is for, in lower case; those that TLS clients can't ask for are left out.</summary>
    public ImmutableArray<string> Names { get; }

    /// <summary>When its validity ends.</summary>
    public DateTimeOffset Expires { get; }

    /// <summary>The certificate in the form that a TLS server needs.</summary>
    public SslStreamCertificateContext Context { get; }

    /// <summary>Loads a certificate and its key.</summary>
    /// <param name="cert">The certificate and its chain.</param>
    /// <param name="key">The private key; null: it is there as well.</param>
    /// <param name="now">The time at which it has to be valid; null: it may have ended, which is better than none.</param>
    /// <param name="fault">What is wrong; meaningless when there is a certificate.</param>
    /// <returns>Null when it can't be used.</returns>
    public static PortCertificate? TryLoad(PemSource cert, PemSource? key, DateTimeOffset? now, out CertificateFault fault)
    {
        var isOfKey = false;
        try
        {
            var text = PemFiles.Read(cert);
            var chain = PemFiles.Certificates(text);
            fault = new CertificateFault(false, "has no certificate in PEM");
            if (chain.Count == 0)
                return null;
            var leaf = chain[0];
            fault = new CertificateFault(false, $"is a certificate that ended at {leaf.NotAfter.ToUniversalTime():u}");
            if (leaf.NotAfter <= now)
                return null;
            fault = new CertificateFault(false, $"is a certificate that is valid only from {leaf.NotBefore.ToUniversalTime():u}");
            if (leaf.NotBefore > now)
                return null;
            isOfKey = true;
            var certificate = X509Certificate2.CreateFromPem(text, key is null ? text : PemFiles.Read(key));
            chain.RemoveAt(0);
            return new PortCertificate(certificate, chain);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException or ArgumentException)
        {
            fault = new CertificateFault(isOfKey, isOfKey
                ? $"must be the PEM private key of the certificate: {e.Message}"
                : $"must be PEM with a certificate and its chain: {e.Message}");
            return null;
        }
    }

    private static ImmutableArray<string> NamesOf(X509Certificate2 certificate)
    {
        var names = certificate.Extensions.OfType<X509SubjectAlternativeNameExtension>().SelectMany(static all => all.EnumerateDnsNames());
        return [.. names.Select(static name => name.ToLowerInvariant()).Where(NameTable.IsPattern).Distinct(StringComparer.Ordinal)];
    }
}

/// <summary>Why a certificate can't be used.</summary>
/// <param name="IsOfKey">Whether it is the key's fault.</param>
/// <param name="Message">The fault, behind the path or what stands for the text.</param>
internal readonly record struct CertificateFault(bool IsOfKey, string Message);
