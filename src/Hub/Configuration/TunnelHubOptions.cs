using System.Collections.Immutable;
using System.Net;
using Tunnel.Hub.Edges.Definitions;
using Tunnel.Shared.Hosting.Logging;
using Tunnel.Shared.Observability;
using Tunnel.Shared.Protocol.Addresses;
using Tunnel.Shared.Transport;

namespace Tunnel.Hub.Configuration;

/// <summary>The hub's settings (docs/operations.md, Hub). Immutable; checked by <see cref="TunnelHubOptionsValidator"/>.</summary>
public sealed record TunnelHubOptions
{
    /// <summary>TCP port that edges connect to, 1–65535; 0 takes a free one (for tests).</summary>
    public int TunnelPort { get; init; } = 8443;

    /// <summary>Whether edges may come over QUIC too, at the UDP port of the same number; needs libmsquic, and is off without it.</summary>
    public bool Quic { get; init; } = true;

    /// <summary>Address that the tunnel port is bound to; <c>::</c> is dual-stack.</summary>
    public string BindAddress { get; init; } = "::";

    /// <summary>Name or address that streams are forwarded to when their port's policy names none.</summary>
    public string TargetHost { get; init; } = "127.0.0.1";

    /// <summary>
    /// The PROXY header of ports whose policy says nothing of it: v1 or v2 for TCP, and then v2 for UDP; or off for both.
    /// </summary>
    public ProxyProtocol DefaultProxyProtocol { get; init; } = ProxyProtocol.V1;

    /// <summary>The name or address (with an optional port) that connection tokens carry; null: a token needs one given.</summary>
    public string? PublicHost { get; init; }

    /// <summary>Directory of the hub's state: allowed edges, certificate and key.</summary>
    public string StateDir { get; init; } = HubPaths.Usual.StateDirectory;

    /// <summary>Path of the admin API's Unix socket.</summary>
    public string AdminSocket { get; init; } = HubPaths.Usual.AdminSocket(HubPaths.Usual.StateDirectory);

    /// <summary>Serves the admin API on the tunnel port too, to clients that ask for HTTP by ALPN and have the key.</summary>
    public bool AdminOnTunnelPort { get; init; }

    /// <summary>Another place of the admin API: <c>https://ADDRESS:PORT</c>, on loopback also <c>http://</c>; null: none.</summary>
    public string? AdminListen { get; init; }

    /// <summary>Who may reach the admin API over the network, with the key; empty: all.</summary>
    public ImmutableArray<IPNetwork> AdminAllowCidrs { get; init; } = [];

    /// <summary>What is logged by the program, and how.</summary>
    public LogOptions Log { get; init; } = new();

    /// <summary>Where metrics are pushed to; null: nowhere.</summary>
    public OtlpOptions? Otlp { get; init; }

    /// <summary>The certificate; both null: one is made at first start and kept in the state.</summary>
    public TlsOptions Tls { get; init; } = new();

    /// <summary>The allowed edges when the state has none yet.</summary>
    public ImmutableArray<EdgeDefinition> Edges { get; init; } = [];

    /// <summary>How long open streams may go on when the hub stops or a port is taken away, 0 s to 3,600 s.</summary>
    public TimeSpan DrainTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Sources that no block may touch; this machine's own addresses need not be named.</summary>
    public ImmutableArray<IpRange> NeverBlock { get; init; } = [];

    /// <summary>
    /// The congestion control of tunnels: the kernel's by its name, or <c>system</c>; over QUIC BBR for <c>bbr</c>, else CUBIC.
    /// </summary>
    public string CongestionControl { get; init; } = Shared.Transport.CongestionControl.Default;

    /// <summary>How much of a stream may be on its way; the memory budget is <see cref="HubLimits.MemoryBudget"/>.</summary>
    public FlowControlOptions Windows { get; init; } = new();

    /// <summary>Limits that protect the hub.</summary>
    public HubLimits Limits { get; init; } = new();
}

/// <summary>Where the hub's certificate comes from.</summary>
public sealed record TlsOptions
{
    /// <summary>Path of the certificate with its chain, PEM.</summary>
    public string? CertPem { get; init; }

    /// <summary>Path of the private key, PEM.</summary>
    public string? KeyPem { get; init; }
}

/// <summary>Limits that protect the hub.</summary>
public sealed record HubLimits
{
    /// <summary>Connections at once that have not authenticated yet; over it the oldest gives way.</summary>
    public int Unauthenticated { get; init; } = 1024;

    /// <summary>Of these, at most so many from one IPv4 address or IPv6 /64.</summary>
    public int PerAddress { get; init; } = 64;

    /// <summary>Time to authenticate, from the connect.</summary>
    public TimeSpan AuthTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Failed tries a minute of one address and id, after which it is refused for a minute.</summary>
    public int FailedTriesPerMinute { get; init; } = 10;

    /// <summary>Edges in the set.</summary>
    public int Edges { get; init; } = 10_000;

    /// <summary>Streams open at once of one edge.</summary>
    public int StreamsPerEdge { get; init; } = 65_536;

    /// <summary>TLS connections of one tunnel, 1–8; 1: every tunnel has one, and edges are not offered more.</summary>
    public int LanesPerTunnel { get; init; } = 8;

    /// <summary>Bytes that all streams together may have buffered, at least 1 MiB.</summary>
    public long MemoryBudget { get; init; } = 200L << 20;
}
