using System.Collections.Immutable;
using Tunnel.Hub.Forwarding.Securing;
using Tunnel.Shared.Operator;

namespace Tunnel.Hub.Status;

/// <summary>Describes the certificates of ports, each once for an edge.</summary>
internal static class PortCertificates
{
    public static ImmutableArray<PortCertificateStatus> Describe(TlsServers servers) =>
    [
        .. from used in servers.Describe()
           from file in used.Server.Describe()
           group (used.Ports, File: file) by (used.EdgeId, file.Path) into same
           orderby same.Key.EdgeId, same.Key.Path
           let file = same.First().File
           select new PortCertificateStatus
           {
               EdgeId = same.Key.EdgeId,
               Ports = PortList.Format(same.SelectMany(static one => one.Ports)),
               Path = same.Key.Path,
               Names = file.Certificate?.Names ?? [],
               Expires = file.Certificate?.Expires,
               Fault = file.Fault,
           },
    ];
}
