using Tunnel.Hub.Certificates;

namespace Tunnel.Hub.Edges.Definitions;

/// <summary>
/// Puts PEM text back where an operator wrote what stands for it, since text with a key is not shown: whoever reads an edge, changes
/// something else and writes it again keeps the key.
/// </summary>
internal static class KeptPem
{
    /// <summary>Returns the definition with the texts that the edge had before; what stands for none is left for the check.</summary>
    /// <param name="edge">What was written.</param>
    /// <param name="before">The edge before the change; null: it is new.</param>
    public static EdgeDefinition Restore(EdgeDefinition edge, EdgeDefinition? before)
    {
        if (before is null || !All(edge).Any(static source => source.IsReference))
            return edge;
        var texts = All(before).Where(static source => source.IsText).DistinctBy(static source => source.Reference)
            .ToDictionary(static source => source.Reference, StringComparer.Ordinal);
        return Map(edge, source => source.IsReference ? texts.GetValueOrDefault(source.Value, source) : source);
    }

    private static List<PemSource> All(EdgeDefinition edge)
    {
        var all = new List<PemSource>();
        Map(edge, source =>
        {
            all.Add(source);
            return source;
        });
        return all;
    }

    // These are all places of a definition where PEM may be.
    private static EdgeDefinition Map(EdgeDefinition edge, Func<PemSource, PemSource> map)
    {
        var ports = edge.Ports;
        foreach (var (key, policy) in edge.Ports)
        {
            if (policy.Tls is not null || policy.UpstreamTls is not null)
                ports = ports.SetItem(key, policy with { Tls = Map(policy.Tls, map), UpstreamTls = Map(policy.UpstreamTls, map) });
        }

        return edge with { Ports = ports };
    }

    private static TlsDefinition? Map(TlsDefinition? tls, Func<PemSource, PemSource> map) => tls is null ? null : tls with
    {
        Certificates = tls.Certificates is null ? null : new ValueList<CertificateDefinition>([
            .. tls.Certificates.Select(own => own with { CertPem = map(own.CertPem), KeyPem = Map(own.KeyPem, map) })]),
        ClientCa = Map(tls.ClientCa, map),
    };

    private static UpstreamTlsDefinition? Map(UpstreamTlsDefinition? tls, Func<PemSource, PemSource> map) =>
        tls is null ? null : tls with { Ca = Map(tls.Ca, map), ClientCert = Map(tls.ClientCert, map) };

    private static PemSource? Map(PemSource? source, Func<PemSource, PemSource> map) => source is null ? null : map(source);
}
