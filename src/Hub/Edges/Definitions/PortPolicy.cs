using Tunnel.Shared.Protocol.Addresses;
using Tunnel.Shared.Protocol.Messages;

namespace Tunnel.Hub.Edges.Definitions;

/// <summary>
/// How the hub forwards what arrives at one port of an edge (docs/operations/ports.md, Port policy). Resolved: the port's own entry comes
/// first, then the edge's <c>default</c>, then the built-in value.
/// </summary>
public sealed record PortPolicy
{
    /// <summary>The idle time after which a UDP session ends by default.</summary>
    public static readonly TimeSpan DefaultUdpIdleTimeout = TimeSpan.FromSeconds(60);

    /// <summary>The built-in policy of a TCP port.</summary>
    public static PortPolicy DefaultTcp { get; } = new();

    /// <summary>The built-in policy of a UDP port.</summary>
    public static PortPolicy DefaultUdp { get; } = new() { IdleTimeout = DefaultUdpIdleTimeout };

    /// <summary>A name for people, or null.</summary>
    public string? Name { get; init; }

    /// <summary>False removes the port from the edge without forgetting its policy.</summary>
    public bool Enabled { get; init; } = true;

    /// <summary>Notes for people, or null.</summary>
    public string? Notes { get; init; }

    /// <summary>The name or address of the upstream; null means the hub's <c>targetHost</c>.</summary>
    public string? TargetHost { get; init; }

    /// <summary>The port of the upstream, 1–65535; null means the port that the client connected to.</summary>
    public int? TargetPort { get; init; }

    /// <summary>The addresses that its targets may have (<see cref="EdgeDefinition.TargetAllowCidrs"/>); null: any.</summary>
    public CidrSet? TargetAllowCidrs { get; init; }

    /// <summary>How clients are spread over several targets; null: there is only <see cref="TargetHost"/>.</summary>
    public PoolPolicy? Pool { get; init; }

    /// <summary>How many new clients are admitted by how fast targets accept connections; null: as many as come.</summary>
    public AdaptiveDefinition? Adaptive { get; init; }

    /// <summary>The settings for clients' TLS; null: none of it is read, and the port may carry anything.</summary>
    public TlsDefinition? Tls { get; init; }

    /// <summary>How the hub speaks TLS to the targets; null: it does not, what clients say goes on as it is.</summary>
    public UpstreamTlsDefinition? UpstreamTls { get; init; }

    /// <summary>The service that the hub asks whether a client may come in; null: nobody is asked.</summary>
    public AuthorizeDefinition? Authorize { get; init; }

    /// <summary>Which pool a client gets by the name that it asks for; null: all get the same.</summary>
    public RouteTable? Routes { get; init; }

    /// <summary>The PROXY header at the start of a TCP connection; null means the hub's <c>defaultProxyProtocol</c>.</summary>
    public ProxyProtocol? ProxyProtocol { get; init; }

    /// <summary>Which datagrams have a PROXY header; null: each one, unless the hub's <c>defaultProxyProtocol</c> is off.</summary>
    public UdpProxyProtocol? UdpProxyProtocol { get; init; }

    /// <summary>
    /// Whether the PROXY header, which is then version 2, has additional fields: the connection's id, the edge, the tunnel's transport,
    /// what is known of TLS, and a checksum. Null: where TLS ends at the hub and the header is of version 2, or of none that was chosen.
    /// </summary>
    public bool? ProxyTlvs { get; init; }

    /// <summary>Whether the PROXY header has additional fields, if there is one.</summary>
    internal bool SendsTlvs =>
        ProxyTlvs ?? (Tls?.Terminates == true && ProxyProtocol is null or Definitions.ProxyProtocol.V2);

    /// <summary>How long the upstream may take to accept a connection, 1 s to 3,600 s.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long a connection or session may be idle before it is ended; null means for ever (TCP only).</summary>
    public TimeSpan? IdleTimeout { get; init; }

    /// <summary>Bytes a second of one connection or session from the upstream to the client; null: no limit.</summary>
    public int? DownloadRate { get; init; }

    /// <summary>
    /// Whether clients may have addresses that nobody has on the Internet (<see cref="AddressScope"/>), or no address at all. Null: a
    /// client without an address is never let in, and such an address only at an edge that has one of its kind itself, as seen from here;
    /// at an edge with a public address it can only be forged.
    /// </summary>
    public bool? AllowPrivateSources { get; init; }

    /// <summary>The part of the policy that the edge is told; the hub checks the lists again.</summary>
    public EdgePortPolicy Edge { get; init; } = EdgePortPolicy.None;

    /// <summary>Whether every connection, and every client that is turned away, is kept in the hub's list of connections.</summary>
    public bool LogConnections => Edge.LogConnections;
}
