using System.Security.Cryptography;
using Tunnel.Hub.Certificates;
using Tunnel.Shared.Operator;

namespace Tunnel.Hub.Edges.Definitions;

/// <summary>Checks what the members of <c>tls</c> say together, and that the files can be used.</summary>
internal static class TlsCheck
{
    public static void Check(TlsDefinition tls, string path, bool udp, FaultList faults)
    {
        if (tls.Certificates is { } certificates)
        {
            if (tls.Passthrough == true)
                faults.Add($"{path}.passthrough", "true", "does nothing beside certificates, with which TLS ends at the hub; remove one");
            CheckCertificates(certificates, $"{path}.certificates", faults);
            CheckAuthorities(tls.ClientCa, $"{path}.clientCa", faults);
            return;
        }

        if (tls.Passthrough is null)
            faults.Add(
                $"{path}.passthrough", "(missing)", "is needed: true reads the name that clients ask for; or certificates, to end TLS");
        else if (tls.Passthrough == false)
            faults.Add($"{path}.passthrough", "false", "must be true; without \"tls\" nothing is read of the clients' bytes");
        Refuse(tls.MinVersion is not null, "minVersion");
        Refuse(tls.Alpn is not null, "alpn");
        Refuse(tls.ClientCa is not null, "clientCa");

        // A member without effect would look as if it were in force.
        void Refuse(bool isWrong, string member)
        {
            if (isWrong)
                faults.Add($"{path}.{member}", "(present)", "is for certificates, with which TLS ends at the hub");
        }
    }

    private static void CheckCertificates(ValueList<CertificateDefinition> certificates, string path, FaultList faults)
    {
        if (certificates.Count == 0)
            faults.Add(path, "[]", "must have at least one certificate: {\"certPem\": \"…\", \"keyPem\": \"…\"}");
        var first = new Dictionary<string, int>(StringComparer.Ordinal);
        for (var i = 0; i < certificates.Count; i++)
        {
            var (certPem, keyPem) = (certificates[i].CertPem, certificates[i].KeyPem);
            if (!Path.IsPathFullyQualified(certPem) || (keyPem is not null && !Path.IsPathFullyQualified(keyPem)))
                continue;
            if (PortCertificate.TryLoad(certPem, keyPem, TimeProvider.System.GetUtcNow(), out var fault) is not { } loaded)
            {
                var (member, file) = fault.IsOfKey ? ("keyPem", keyPem ?? certPem) : ("certPem", certPem);
                faults.AddText($"{path}[{i}].{member}", file, fault.Message);
                continue;
            }

            foreach (var name in loaded.Names.Where(name => !first.TryAdd(name, i)))
                faults.AddText(
                    $"{path}[{i}].certPem", certPem, $"is for {name}, as {path}[{first[name]}] is; each name has one certificate");
        }
    }

    /// <summary>Checks a file of authorities; null: there is none.</summary>
    public static void CheckAuthorities(string? file, string path, FaultList faults)
    {
        if (file is null || !Path.IsPathFullyQualified(file))
            return;
        try
        {
            if (PemFiles.Certificates(PemFiles.Read(file)).Count == 0)
                faults.AddText(path, file, "has no certificate in PEM");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException)
        {
            faults.AddText(path, file, $"must be a PEM file with authorities: {e.Message}");
        }
    }
}
