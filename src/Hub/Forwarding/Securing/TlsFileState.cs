using Tunnel.Hub.Certificates;

namespace Tunnel.Hub.Forwarding.Securing;

/// <summary>A file of a port's TLS, or PEM text of its settings.</summary>
/// <param name="Path">Its path, or what stands for the text.</param>
/// <param name="Certificate">The certificate in use, which may be an older one than the file has; null: none.</param>
/// <param name="Fault">Why the present content can't be used, behind the path; null when it is in use.</param>
internal sealed record TlsFileState(string Path, PortCertificate? Certificate, string? Fault)
{
    /// <summary>Whether the former content is in use, since the present content can't be used.</summary>
    public bool KeepsOld => Fault is not null && (Certificate is not null || KeepsAuthorities);

    /// <summary>Whether authorities that the file had before are in use.</summary>
    public bool KeepsAuthorities { get; init; }
}
