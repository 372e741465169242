using System.Collections.Immutable;
using Tunnel.Hub.Edges.Allowed;
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

    /// <summary>Describes those that targets are shown, each once for an edge and what it wants.</summary>
    public static ImmutableArray<PortCertificateStatus> Describe(UpstreamTls upstream, IEnumerable<AllowedEdge> edges) =>
    [
        .. from edge in edges
           where edge.Enabled && edge.Definition.Ports.Values.Any(static policy => policy.UpstreamTls?.ClientCert is not null)
           from port in edge.TcpPorts
           let tls = edge.PolicyFor(false, port).UpstreamTls
           where tls?.ClientCert is not null
           group port by (edge.Id, Tls: tls) into same
           orderby same.Key.Id, same.Key.Tls.ClientCert
           let file = upstream.Describe(same.Key.Tls)
           select new PortCertificateStatus
           {
               EdgeId = same.Key.Id,
               Ports = PortList.Format(same),
               Path = file.Path,
               ForTargets = true,
               Names = file.Certificate?.Names ?? [],
               Expires = file.Certificate?.Expires,
               Fault = file.Fault,
           },
    ];
}
