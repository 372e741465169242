using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Tunnel.TestUtilities;

/// <summary>Makes certificates; each has a key of its own.</summary>
public static class TestCertificates
{
    /// <summary>Makes a certificate for names.</summary>
    /// <param name="issuer">The authority that signs it; null: it signs itself.</param>
    /// <param name="ends">When it ends; null: in 30 days.</param>
    /// <param name="names">The names; the first is the subject's too.</param>
    public static X509Certificate2 Make(X509Certificate2? issuer, DateTimeOffset? ends, params string[] names)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={names[0].Replace("*", "any", StringComparison.Ordinal)}", key, HashAlgorithmName.SHA256);
        var all = new SubjectAlternativeNameBuilder();
        foreach (var name in names)
            all.AddDnsName(name);
        request.CertificateExtensions.Add(all.Build());
        var (from, until) = (DateTimeOffset.UtcNow.AddDays(-10), ends ?? DateTimeOffset.UtcNow.AddDays(30));
        if (issuer is null)
            return request.CreateSelfSigned(from, until);
        using var signed = request.Create(issuer, from, until, RandomNumberGenerator.GetBytes(8));
        return signed.CopyWithPrivateKey(key);
    }

    /// <summary>Makes an authority that signs others.</summary>
    public static X509Certificate2 MakeAuthority()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=authority", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, critical: true));
        return request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-20), DateTimeOffset.UtcNow.AddDays(60));
    }

    /// <summary>Returns the text of a file with the certificate and its key.</summary>
    public static string Pem(X509Certificate2 certificate) => certificate.ExportCertificatePem() + "\n" + KeyPem(certificate) + "\n";

    /// <summary>Returns the text of a file with the key.</summary>
    public static string KeyPem(X509Certificate2 certificate)
    {
        using var key = certificate.GetECDsaPrivateKey()!;
        return key.ExportPkcs8PrivateKeyPem();
    }

    /// <summary>Writes a certificate for names and its key into one file, and returns its path.</summary>
    public static string Write(string directory, params string[] names)
    {
        using var certificate = Make(null, null, names);
        var path = Path.Combine(directory, $"{names[0].Replace('*', '_')}.pem");
        File.WriteAllText(path, Pem(certificate));
        return path;
    }
}
