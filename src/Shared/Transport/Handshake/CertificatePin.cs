using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Tunnel.Shared.Transport.Handshake;

/// <summary>
/// Pins: the SHA-256 of a certificate's SubjectPublicKeyInfo in base64url (protocol.md section 7; RFC 7469 section 2.4 hashes the same).
/// </summary>
public static class CertificatePin
{
    /// <summary>Computes the pin of a certificate, 43 characters.</summary>
    public static string Compute(X509Certificate2 certificate) =>
        Base64Url.EncodeToString(SHA256.HashData(certificate.PublicKey.ExportSubjectPublicKeyInfo()));

    /// <summary>Whether <paramref name="text"/> has the form of a pin.</summary>
    public static bool IsWellFormed([NotNullWhen(true)] string? text) => text is { Length: 43 } && Base64Url.IsValid(text);
}
