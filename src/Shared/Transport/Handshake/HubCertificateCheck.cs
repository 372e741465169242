using System.Net.Security;
using System.Security.Cryptography.X509Certificates;

namespace Tunnel.Shared.Transport.Handshake;

/// <summary>
/// Whether a hub's certificate is the right one (protocol.md section 7): with pins only they decide; without pins the trust store and the
/// name do.
/// </summary>
public static class HubCertificateCheck
{
    /// <summary>Says for the operator what is wrong with the certificate; null when it is right.</summary>
    /// <param name="certificate">The certificate that the hub presented.</param>
    /// <param name="errors">The result of the system's validation.</param>
    /// <param name="request">The pins and the name that are expected.</param>
    public static string? Fault(X509Certificate? certificate, SslPolicyErrors errors, DialRequest request)
    {
        if (certificate is not X509Certificate2 shown)
            return "the hub showed no certificate";
        if (request.InsecureSkipVerify)
            return null;
        if (request.Pins.IsDefaultOrEmpty)
        {
            return errors == SslPolicyErrors.None
                ? null
                : $"the hub's certificate is not trusted for '{request.HostName}' ({errors}); use a token, which has the hub's pin";
        }

        var pin = CertificatePin.Compute(shown);
        return request.Pins.Contains(pin)
            ? null
            : $"the hub's certificate has the pin {pin}, which is not one of the expected pins: either this is not the hub, or its key was "
                + "changed (then make a new token at the hub)";
    }
}
