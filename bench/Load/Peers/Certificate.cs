using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Tunnel.Bench.Load.Peers;

internal static class Certificate
{
    /// <summary>A self-signed certificate of the kind that the hub makes, with its key, as one PEM file.</summary>
    public static string Write(Workplace place)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var certificate = new CertificateRequest("CN=bench", key, HashAlgorithmName.SHA256).CreateSelfSigned(
            DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(30));
        return place.File("bench.pem", certificate.ExportCertificatePem() + "\n" + key.ExportPkcs8PrivateKeyPem() + "\n");
    }
}
