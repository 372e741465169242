using Tunnel.Shared.Operator;

namespace Tunnel.Hub.Edges.Definitions;

/// <summary>Checks what the members of <c>tls</c> say together. <see cref="TlsFiles"/> looks at the files.</summary>
internal static class TlsCheck
{
    public static void Check(TlsDefinition tls, string path, bool udp, FaultList faults)
    {
        if (tls.Certificates is { } certificates)
        {
            if (tls.Passthrough == true)
                faults.Add($"{path}.passthrough", "true", "does nothing beside certificates, with which TLS ends at the hub; remove one");
            if (certificates.Count == 0)
            {
                faults.Add(
                    $"{path}.certificates", "[]", "must have at least one certificate: {\"certPem\": \"…\", \"keyPem\": \"…\"}");
            }

            return;
        }

        if (tls.Passthrough is null)
        {
            faults.Add(
                $"{path}.passthrough", "(missing)", "is needed: true reads the name that clients ask for; or certificates, to end TLS");
        }
        else if (tls.Passthrough == false)
        {
            faults.Add($"{path}.passthrough", "false", "must be true; without \"tls\" nothing is read of the clients' bytes");
        }

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
}
