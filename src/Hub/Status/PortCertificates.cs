using System.Collections.Immutable;
using Tunnel.Hub.Forwarding.Securing;
using Tunnel.Shared.Operator;

namespace Tunnel.Hub.Status;

/// <summary>Describes the certificates of ports, each once for an edge.</summary>
internal static class PortCertificates
{
    /// <summary>Describes those that clients are shown, and then those that targets are shown.</summary>
    public static ImmutableArray<PortCertificateStatus> Describe(TlsServers servers, UpstreamTls upstream) =>
        [.. Describe(servers, forTargets: false), .. Describe(upstream, forTargets: true)];

    private static IEnumerable<PortCertificateStatus> Describe<TWritten, TTls>(PortTls<TWritten, TTls> all, bool forTargets)
        where TWritten : class
        where TTls : class, IWatchedTls =>
        from used in all.Describe()
        from file in used.Tls.Describe()
        group (used.Ports, File: file) by (used.EdgeId, file.Path) into same
        orderby same.Key.EdgeId, same.Key.Path
        let file = same.First().File
        select new PortCertificateStatus
        {
            EdgeId = same.Key.EdgeId,
            Ports = PortList.Format(same.SelectMany(static one => one.Ports)),
            Path = same.Key.Path,
            ForTargets = forTargets,
            Names = file.Certificate?.Names ?? [],
            Expires = file.Certificate?.Expires,
            Fault = file.Fault,
            KeepsOld = file.KeepsOld,
        };
}
