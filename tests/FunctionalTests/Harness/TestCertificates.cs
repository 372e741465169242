using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Tunnel.FunctionalTests.Harness;

/// <summary>Certificates that a test makes.</summary>
internal static class TestCertificates
{
    /// <summary>Writes a certificate for names, which signs itself, and its key into one file, and returns its path.</summary>
    public static string Write(string directory, params string[] names)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={names[0].Replace("*", "any", StringComparison.Ordinal)}", key, HashAlgorithmName.SHA256);
        var all = new SubjectAlternativeNameBuilder();
        foreach (var name in names)
            all.AddDnsName(name);
        request.CertificateExtensions.Add(all.Build());
        using var certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(30));
        var path = Path.Combine(directory, $"{names[0].Replace('*', '_')}.pem");
        File.WriteAllText(path, certificate.ExportCertificatePem() + "\n" + key.ExportPkcs8PrivateKeyPem() + "\n");
        return path;
    }
}
