using Tunnel.Hub.Certificates;

namespace Tunnel.Hub.Forwarding.Securing;

/// <summary>A file of a port's TLS.</summary>
/// <param name="Path">Its path.</param>
/// <param name="Certificate">The certificate in use, which may be an older one than the file has; null: none.</param>
/// <param name="Fault">Why the file's present content can't be used, behind its path; null when it is in use.</param>
internal sealed record TlsFileState(string Path, PortCertificate? Certificate, string? Fault);
