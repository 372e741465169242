using System.Collections.Immutable;
using Tunnel.Hub.Traffic;
using Tunnel.Shared.Protocol.Addresses;
using Tunnel.Shared.Protocol.Messages;
using Tunnel.Shared.Transport;
using Tunnel.Shared.Transport.KernelMemory;

namespace Tunnel.Hub.Status;

/// <summary>The state of the hub at one moment. Immutable.</summary>
public sealed record HubStatus
{
    /// <summary>True from start to stop.</summary>
    public required bool Running { get; init; }

    /// <summary>The TCP port that edges connect to; 0 when not running.</summary>
    public required int TunnelPort { get; init; }

    /// <summary>Whether edges may connect over QUIC too.</summary>
    public bool Quic { get; init; }

    /// <summary>The hub's version.</summary>
    public required string Version { get; init; }

    /// <summary>When it was started; null when not running.</summary>
    public DateTimeOffset? Since { get; init; }

    /// <summary>The pin of the hub's certificate (SHA-256 of its public key, base64url); null before the first start.</summary>
    public string? CertificatePin { get; init; }

    /// <summary>When the validity of the hub's certificate ends; null when not running.</summary>
    public DateTimeOffset? CertificateExpires { get; init; }

    /// <summary>The upstream host of streams, unless their port's policy names another.</summary>
    public string TargetHost { get; init; } = "";

    /// <summary>The addresses that targets may have; null: any.</summary>
    public CidrSet? TargetAllowCidrs { get; init; }

    /// <summary>The host that connection tokens contain, as it was at the start; null: none.</summary>
    public string? PublicHost { get; init; }

    /// <summary>The directory in which the hub keeps its state.</summary>
    public string StateDirectory { get; init; } = "";

    /// <summary>The number of edges in the set, enabled or not.</summary>
    public int AllowedEdges { get; init; }

    /// <summary>The number of edges with at least one tunnel.</summary>
    public int EdgesConnected { get => Math.Max(field, ConnectedEdges.Length); init; }

    /// <summary>Where the next page of edges begins; null: there is none, or all edges were asked for.</summary>
    public string? Next { get; init; }

    /// <summary>Every edge of the set by id, connected or not, with the reason if it is not.</summary>
    public ImmutableArray<AllowedEdgeStatus> Edges { get; init; } = [];

    /// <summary>The edges with at least one tunnel, by id.</summary>
    public ImmutableArray<ConnectedEdgeStatus> ConnectedEdges { get; init; } = [];

    /// <summary>The number of connections that have not authenticated yet.</summary>
    public int Strangers { get; init; }

    /// <summary>The number of UDP sessions that have an upstream socket.</summary>
    public int ActiveSessions { get; init; }

    /// <summary>The number of connections to the tunnel port that did not become a tunnel, by reason, since the start.</summary>
    public ImmutableSortedDictionary<string, long> Refusals { get; init; } = ImmutableSortedDictionary<string, long>.Empty;

    /// <summary>The number of streams that did not reach their upstream, by reason, since the start.</summary>
    public ImmutableSortedDictionary<string, long> StreamFailures { get; init; } = ImmutableSortedDictionary<string, long>.Empty;

    /// <summary>The number of UDP sessions and datagrams that were lost, by reason, since the start.</summary>
    public ImmutableSortedDictionary<string, long> SessionFailures { get; init; } = ImmutableSortedDictionary<string, long>.Empty;

    /// <summary>The number of UDP datagrams that were lost here, in tunnels and at upstreams, by reason, since the start.</summary>
    public ImmutableSortedDictionary<string, long> DatagramsDropped { get; init; } = ImmutableSortedDictionary<string, long>.Empty;

    /// <summary>The assigned ports at which something has happened since the start; the endpoint of statistics has all ports.</summary>
    public ImmutableArray<PortStatus> Ports { get; init; } = [];

    /// <summary>The certificates of ports at which TLS ends, by edge and file.</summary>
    public ImmutableArray<PortCertificateStatus> PortCertificates { get; init; } = [];

    /// <summary>Whom the hub asks about clients of ports with <c>authorizeUrl</c>, by edge.</summary>
    public ImmutableArray<AuthorizerStatus> Authorizers { get; init; } = [];

    /// <summary>The database in which hubs share edges and blocks; null: they are in this hub's files.</summary>
    public SharedStateStatus? SharedState { get; init; }

    /// <summary>The number of events lost because subscribers were too slow.</summary>
    public long EventsDropped { get; init; }

    /// <summary>
    /// The number of file descriptors that the process may have; when nine of ten are in use, new upstream sockets are refused
    /// (<c>descriptorLimit</c>).
    /// </summary>
    public long DescriptorLimit { get; init; }

    /// <summary>The number of bytes that all streams together may have buffered.</summary>
    public long MemoryBudget { get; init; }

    /// <summary>The number of bytes buffered now: received and not yet written out.</summary>
    public long MemoryUsed { get; init; }

    /// <summary>The kernel's memory for TCP; null when the kernel does not report it.</summary>
    public TcpMemoryStatus? TcpMemory { get; init; }
}

/// <summary>One connected edge; the numbers cover all its tunnels, including those that have ended.</summary>
public sealed record ConnectedEdgeStatus
{
    /// <summary>The id of the edge.</summary>
    public required string EdgeId { get; init; }

    /// <summary>The id of its process, 32 hexadecimal digits; null for a base peer.</summary>
    public string? Instance { get; init; }

    /// <summary>Since when it is connected.</summary>
    public required DateTimeOffset Since { get; init; }

    /// <summary>The id of the edge's secret that its newest tunnel was opened with.</summary>
    internal Guid SecretId { get; init; }

    /// <summary>The address and port that its newest tunnel comes from.</summary>
    public required string Remote { get; init; }

    /// <summary>The public address that it reports; null when it does not know.</summary>
    public string? PublicIp { get; init; }

    /// <summary>The public IPv6 address that it reports; null when it does not know.</summary>
    public string? PublicIpv6 { get; init; }

    /// <summary>The name of its machine, as it reports it.</summary>
    public string? Host { get; init; }

    /// <summary>Its version, as it reports it.</summary>
    public string? Version { get; init; }

    /// <summary>The transport of its newest tunnel.</summary>
    public required TransportKind Transport { get; init; }

    /// <summary>The number of its tunnels, including draining ones.</summary>
    public required int Tunnels { get; init; }

    /// <summary>The number of connections of its tunnels, which is higher than that of its tunnels when one has lanes.</summary>
    public int Lanes { get; init; }

    /// <summary>Since when its newest tunnel has had no connection and waits for another one; null while it has one.</summary>
    public DateTimeOffset? LostSince { get; init; }

    /// <summary>The last measured round trip in milliseconds; null before the first.</summary>
    public double? Rtt { get; init; }

    /// <summary>The number of TCP streams open now.</summary>
    public required int ActiveStreams { get; init; }

    /// <summary>The number of UDP sessions open now.</summary>
    public required int ActiveSessions { get; init; }

    /// <summary>TCP ports that it was told to listen on, ascending.</summary>
    public required ImmutableArray<int> ListenPorts { get; init; }

    /// <summary>UDP ports that it was told to listen on, ascending.</summary>
    public required ImmutableArray<int> ListenPortsUdp { get; init; }

    /// <summary>The revision of the configuration that it was last sent.</summary>
    public required long Rev { get; init; }

    /// <summary>The revision of the configuration that it last reported as applied; null before its first report.</summary>
    public long? AppliedRev { get; init; }

    /// <summary>The ports that it has bound, by its last report.</summary>
    public ImmutableArray<BoundPort> Bound { get; init; } = [];

    /// <summary>The ports that it could not bind, by its last report.</summary>
    public ImmutableArray<FailedPort> FailedPorts { get; init; } = [];

    /// <summary>The state of its firewall, by its last report; null when it was never sent one.</summary>
    public FirewallReport? Firewall { get; init; }

    /// <summary>The payload bytes from clients to upstreams.</summary>
    public required long BytesIn { get; init; }

    /// <summary>The payload bytes from upstreams to clients.</summary>
    public required long BytesOut { get; init; }

    /// <summary>The number of streams ever opened.</summary>
    public required long StreamsOpened { get; init; }
}
