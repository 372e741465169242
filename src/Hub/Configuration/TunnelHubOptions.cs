using System.Collections.Immutable;
using System.Net;
using Tunnel.Hub.Certificates;
using Tunnel.Hub.Edges.Definitions;
using Tunnel.Shared.Hosting.Logging;
using Tunnel.Shared.Observability;
using Tunnel.Shared.Protocol.Addresses;
using Tunnel.Shared.Protocol.Tokens;
using Tunnel.Shared.Transport;
using Tunnel.Shared.Transport.Proxies;

namespace Tunnel.Hub.Configuration;

/// <summary>
/// The hub's settings (docs/operations/reference.md, Hub). Immutable; checked by <see cref="TunnelHubOptionsValidator"/>.
/// </summary>
public sealed record TunnelHubOptions
{
    /// <summary>TCP port that edges connect to, 1–65535; 0 takes a free one (for tests).</summary>
    public int TunnelPort { get; init; } = 8443;

    /// <summary>
    /// Whether edges may connect over QUIC too, at the UDP port of the same number. Needs libmsquic; without it QUIC is off.
    /// </summary>
    public bool Quic { get; init; } = true;

    /// <summary>Address that the tunnel port is bound to; <c>::</c> is dual-stack.</summary>
    public string BindAddress { get; init; } = "::";

    /// <summary>The name or address that streams are forwarded to when their port's policy names none.</summary>
    public string TargetHost { get; init; } = "127.0.0.1";

    /// <summary>Which proxy edges that await the hub are dialled through; none by default.</summary>
    public ProxyRules Proxy { get; init; } = ProxyRules.None;

    /// <summary>
    /// Where targets may be at all; null: anywhere but at a cloud's metadata addresses, which have to be listed by themselves.
    /// </summary>
    public CidrSet? TargetAllowCidrs { get; init; }

    /// <summary>
    /// The PROXY header of ports whose policy does not set it: v1 or v2 for TCP, in which case UDP has v2, or off for both.
    /// </summary>
    public ProxyProtocol DefaultProxyProtocol { get; init; } = ProxyProtocol.V1;

    /// <summary>
    /// The name or address (with an optional port) that connection tokens contain; null: each token request must give one.
    /// </summary>
    public string? PublicHost { get; init; }

    /// <summary>
    /// The other hubs of this hub's edges, which connection tokens name beside it, in the order of preference; an edge keeps a tunnel to
    /// each. None by default.
    /// </summary>
    public ImmutableArray<HubAddress> Hubs { get; init; } = [];

    /// <summary>The directory of the hub's state: allowed edges, certificate and key.</summary>
    public string StateDir { get; init; } = HubPaths.Usual.StateDirectory;

    /// <summary>
    /// The PostgreSQL database in which hubs share edges and blocks, as Npgsql's connection string; null: they are in
    /// <see cref="StateDir"/>, and this hub's alone.
    /// </summary>
    public DatabaseOptions? State { get; init; }

    /// <summary>The path of the admin API's Unix socket.</summary>
    public string AdminSocket { get; init; } = HubPaths.Usual.AdminSocket(HubPaths.Usual.StateDirectory);

    /// <summary>Whether the admin API is also served on the tunnel port, to clients that choose HTTP by ALPN and have the key.</summary>
    public bool AdminOnTunnelPort { get; init; }

    /// <summary>Another address of the admin API: <c>https://ADDRESS:PORT</c>, on loopback also <c>http://</c>; null: none.</summary>
    public string? AdminListen { get; init; }

    /// <summary>The networks from which the admin API may be used with the key over the network; empty: all.</summary>
    public ImmutableArray<IPNetwork> AdminAllowCidrs { get; init; } = [];

    /// <summary>What the program logs, and how.</summary>
    public LogOptions Log { get; init; } = new();

    /// <summary>Where metrics are pushed; null: nowhere.</summary>
    public OtlpOptions? Otlp { get; init; }

    /// <summary>The certificate; when both paths are null, one is made at the first start and kept in the state directory.</summary>
    public TlsOptions Tls { get; init; } = new();

    /// <summary>The allowed edges to begin with, when the state directory has none yet.</summary>
    public ImmutableArray<EdgeDefinition> Edges { get; init; } = [];

    /// <summary>How long open streams may continue when the hub stops or a port is removed, 0 s to 3,600 s.</summary>
    public TimeSpan DrainTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// How long what is open outlives a lost connection of its tunnel, 0 s to 3,600 s, in whole seconds; the edge's setting counts where it
    /// is smaller, and with 0 s all ends with the connection.
    /// </summary>
    public TimeSpan ResumeGrace { get; init; } = Shared.Transport.TransportContext.DefaultResumeGrace;

    /// <summary>Sources that no block may touch; this machine's own addresses need not be listed.</summary>
    public ImmutableArray<IpRange> NeverBlock { get; init; } = [];

    /// <summary>
    /// The congestion control of tunnels over TLS: a name that the kernel knows, or <c>system</c>. Over QUIC, <c>bbr</c> gives BBR and
    /// everything else CUBIC.
    /// </summary>
    public string CongestionControl { get; init; } = Shared.Transport.CongestionControl.Default;

    /// <summary>How much data of a stream may be in flight; the memory budget is <see cref="HubLimits.MemoryBudget"/>.</summary>
    public FlowControlOptions Windows { get; init; } = new();

    /// <summary>Limits that protect the hub.</summary>
    public HubLimits Limits { get; init; } = new();
}

/// <summary>The hub's certificate and key: paths of PEM files, which are read again when they change, or PEM text.</summary>
public sealed record TlsOptions
{
    /// <summary>The certificate and its chain: the path of a PEM file, or the text itself (RFC 7468).</summary>
    public PemSource? CertPem { get; init; }

    /// <summary>The private key: the path of a PEM file, or the text itself.</summary>
    public PemSource? KeyPem { get; init; }

    /// <summary>Whether there is a file that may change.</summary>
    internal bool HasFiles => (CertPem?.Path ?? KeyPem?.Path) is not null;
}

/// <summary>Limits that protect the hub.</summary>
public sealed record HubLimits
{
    /// <summary>The number of connections that may be unauthenticated at once; above it the oldest gives way.</summary>
    public int Unauthenticated { get; init; } = 1024;

    /// <summary>How many of these may come from one IPv4 address or IPv6 /64.</summary>
    public int PerAddress { get; init; } = 64;

    /// <summary>The time to authenticate, from the connect.</summary>
    public TimeSpan AuthTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Failed tries a minute from one address with one id, after which the pair is refused for a minute.</summary>
    public int FailedTriesPerMinute { get; init; } = 10;

    /// <summary>The number of edges that the set may have.</summary>
    public int Edges { get; init; } = 10_000;

    /// <summary>The number of streams that one edge may have open at once.</summary>
    public int StreamsPerEdge { get; init; } = 65_536;

    /// <summary>TLS connections of one tunnel, 1–8. With 1, every tunnel has one connection and edges are not offered more.</summary>
    public int LanesPerTunnel { get; init; } = 8;

    /// <summary>Bytes that all streams together may have buffered, at least 1 MiB.</summary>
    public long MemoryBudget { get; init; } = 200L << 20;
}
