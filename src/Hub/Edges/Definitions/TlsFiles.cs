using System.Security.Cryptography;
using Tunnel.Hub.Certificates;

namespace Tunnel.Hub.Edges.Definitions;

/// <summary>
/// Checks that the files of ports' TLS can be used. A file that the edge had before is only warned of: it went bad by itself, since
/// certificates end, and must not keep an operator from changing something else.
/// </summary>
/// <param name="before">The edge before the change; null: it is new.</param>
internal sealed class TlsFiles(EdgeDefinition? before)
{
    private readonly HashSet<CertificateDefinition> _certificates = [
        .. before?.Ports.Values.SelectMany(static policy => policy.Tls?.Certificates ?? new ValueList<CertificateDefinition>([])) ?? []];

    private readonly HashSet<PemSource> _files = [
        .. before?.Ports.Values.SelectMany(
            static policy => (PemSource?[])[policy.Tls?.ClientCa, policy.UpstreamTls?.Ca, policy.UpstreamTls?.ClientCert])
            .OfType<PemSource>() ?? []];

    /// <summary>Adds the faults of a port's files.</summary>
    public void Check(PortPolicyDefinition policy, string path, EdgeSetFaults faults)
    {
        if (policy.Tls is { Certificates: { } certificates } tls)
        {
            CheckCertificates(certificates, $"{path}.tls.certificates", faults);
            CheckAuthorities(tls.ClientCa, $"{path}.tls.clientCa", faults);
        }

        if (policy.UpstreamTls is not { } upstream)
            return;
        CheckAuthorities(upstream.Ca, $"{path}.upstreamTls.ca", faults);
        if (upstream.ClientCert is { IsWhole: true } file && Load(file, null, out var fault) is null)
            Add($"{path}.upstreamTls.clientCert", file, fault.Message, _files.Contains(file), faults);
    }

    private void CheckCertificates(ValueList<CertificateDefinition> certificates, string path, EdgeSetFaults faults)
    {
        var first = new Dictionary<string, int>(StringComparer.Ordinal);
        for (var i = 0; i < certificates.Count; i++)
        {
            var (certPem, keyPem) = (certificates[i].CertPem, certificates[i].KeyPem);
            if (!certPem.IsWhole || keyPem is { IsWhole: false })
                continue;
            var isKnown = _certificates.Contains(certificates[i]);
            if (Load(certPem, keyPem, out var fault) is not { } loaded)
            {
                var (member, file) = fault.IsOfKey ? ("keyPem", keyPem ?? certPem) : ("certPem", certPem);
                Add($"{path}[{i}].{member}", file, fault.Message, isKnown, faults);
                continue;
            }

            // Two certificates that were there before may have got a name in common by being renewed.
            foreach (var name in loaded.Names.Where(name => !first.TryAdd(name, i)))
            {
                Add(
                    $"{path}[{i}].certPem", certPem, $"is for {name}, as {path}[{first[name]}] is; each name has one certificate",
                    isKnown && _certificates.Contains(certificates[first[name]]), faults);
            }
        }
    }

    private void CheckAuthorities(PemSource? file, string path, EdgeSetFaults faults)
    {
        if (file is not { IsWhole: true })
            return;
        try
        {
            if (PemFiles.Certificates(PemFiles.Read(file)).Count == 0)
                Add(path, file, "has no certificate in PEM", _files.Contains(file), faults);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException)
        {
            Add(path, file, $"must be PEM with authorities: {e.Message}", _files.Contains(file), faults);
        }
    }

    private static PortCertificate? Load(PemSource certPem, PemSource? keyPem, out CertificateFault fault) =>
        PortCertificate.TryLoad(certPem, keyPem, TimeProvider.System.GetUtcNow(), out fault);

    private static void Add(string path, PemSource file, string message, bool isKnown, EdgeSetFaults faults)
    {
        if (isKnown)
            faults.Warnings.AddText(path, file.ToString(), $"{message}; the port had it before, so this keeps no change from being made");
        else
            faults.Stricter.AddText(path, file.ToString(), message);
    }
}
