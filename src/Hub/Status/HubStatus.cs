using System.Collections.Immutable;
using Tunnel.Hub.Traffic;
using Tunnel.Shared.Protocol.Messages;
using Tunnel.Shared.Transport;
using Tunnel.Shared.Transport.KernelMemory;

namespace Tunnel.Hub.Status;

/// <summary>How the hub is at one moment. Immutable.</summary>
public sealed record HubStatus
{
    /// <summary>True from start to stop.</summary>
    public required bool Running { get; init; }

    /// <summary>The TCP port that edges connect to; 0 when not running.</summary>
    public required int TunnelPort { get; init; }

    /// <summary>Edges may come over QUIC too.</summary>
    public bool Quic { get; init; }

    /// <summary>The hub's version.</summary>
    public required string Version { get; init; }

    /// <summary>When it was started; null when not running.</summary>
    public DateTimeOffset? Since { get; init; }

    /// <summary>Pin of the hub's certificate (SHA-256 of its public key, base64url); null before the first start.</summary>
    public string? CertificatePin { get; init; }

    /// <summary>From when on the hub's certificate is valid no more; null when not running.</summary>
    public DateTimeOffset? CertificateExpires { get; init; }

    /// <summary>Where streams go unless their port's policy says otherwise.</summary>
    public string TargetHost { get; init; } = "";

    /// <summary>What connection tokens name, as it was at the start; null: nothing.</summary>
    public string? PublicHost { get; init; }

    /// <summary>Where the hub keeps its state.</summary>
    public string StateDirectory { get; init; } = "";

    /// <summary>Edges in the set, enabled or not.</summary>
    public int AllowedEdges { get; init; }

    /// <summary>Every edge of the set by id, connected or not, with why not.</summary>
    public ImmutableArray<AllowedEdgeStatus> Edges { get; init; } = [];

    /// <summary>Edges with at least one tunnel, by id.</summary>
    public ImmutableArray<ConnectedEdgeStatus> ConnectedEdges { get; init; } = [];

    /// <summary>Connections that have not authenticated yet.</summary>
    public int Strangers { get; init; }

    /// <summary>UDP sessions that have an upstream socket.</summary>
    public int ActiveSessions { get; init; }

    /// <summary>Connections to the tunnel port that did not become a tunnel, by reason, since the start.</summary>
    public ImmutableSortedDictionary<string, long> Refusals { get; init; } = ImmutableSortedDictionary<string, long>.Empty;

    /// <summary>Streams that did not get their upstream, by reason, since the start.</summary>
    public ImmutableSortedDictionary<string, long> StreamFailures { get; init; } = ImmutableSortedDictionary<string, long>.Empty;

    /// <summary>UDP sessions and datagrams that were lost, by reason, since the start.</summary>
    public ImmutableSortedDictionary<string, long> SessionFailures { get; init; } = ImmutableSortedDictionary<string, long>.Empty;

    /// <summary>UDP datagrams that were lost here, in tunnels and at upstreams, by reason, since the start.</summary>
    public ImmutableSortedDictionary<string, long> DatagramsDropped { get; init; } = ImmutableSortedDictionary<string, long>.Empty;

    /// <summary>Assigned ports at which something has happened since the start; the endpoint of statistics has all.</summary>
    public ImmutableArray<PortStatus> Ports { get; init; } = [];

    /// <summary>Events that subscribers were too slow for.</summary>
    public long EventsDropped { get; init; }

    /// <summary>
    /// File descriptors that the process may have; when nine of ten are in use new upstream sockets are refused (<c>descriptorLimit</c>).
    /// </summary>
    public long DescriptorLimit { get; init; }

    /// <summary>Bytes that all streams together may have buffered.</summary>
    public long MemoryBudget { get; init; }

    /// <summary>Bytes buffered now: received and not yet written out.</summary>
    public long MemoryUsed { get; init; }

    /// <summary>The kernel's memory for TCP; null when it does not tell.</summary>
    public TcpMemoryStatus? TcpMemory { get; init; }
}

/// <summary>One connected edge; the numbers are of all its tunnels, those over included.</summary>
public sealed record ConnectedEdgeStatus
{
    /// <summary>Its id.</summary>
    public required string EdgeId { get; init; }

    /// <summary>The process that it is, 32 hexadecimal digits; null for a base peer.</summary>
    public string? Instance { get; init; }

    /// <summary>Since when it is connected.</summary>
    public required DateTimeOffset Since { get; init; }

    /// <summary>Which of the edge's secrets its newest tunnel has come with.</summary>
    internal Guid SecretId { get; init; }

    /// <summary>Address and port that its newest tunnel comes from.</summary>
    public required string Remote { get; init; }

    /// <summary>Its public address as it says; null when it does not know.</summary>
    public string? PublicIp { get; init; }

    /// <summary>Its public IPv6 address as it says; null when it does not know.</summary>
    public string? PublicIpv6 { get; init; }

    /// <summary>Its machine's name, as it says.</summary>
    public string? Host { get; init; }

    /// <summary>Its version, as it says.</summary>
    public string? Version { get; init; }

    /// <summary>What its newest tunnel runs over.</summary>
    public required TransportKind Transport { get; init; }

    /// <summary>Tunnels that it has, draining ones included.</summary>
    public required int Tunnels { get; init; }

    /// <summary>Connections of its tunnels: more than its tunnels when one has lanes.</summary>
    public int Lanes { get; init; }

    /// <summary>Milliseconds of the last measured round trip; null before the first.</summary>
    public double? Rtt { get; init; }

    /// <summary>TCP streams open now.</summary>
    public required int ActiveStreams { get; init; }

    /// <summary>UDP sessions open now.</summary>
    public required int ActiveSessions { get; init; }

    /// <summary>TCP ports that it was told to listen on, ascending.</summary>
    public required ImmutableArray<int> ListenPorts { get; init; }

    /// <summary>UDP ports that it was told to listen on, ascending.</summary>
    public required ImmutableArray<int> ListenPortsUdp { get; init; }

    /// <summary>Revision of the configuration that it was last sent.</summary>
    public required long Rev { get; init; }

    /// <summary>Revision of the configuration that it last reported as applied; null before its first report.</summary>
    public long? AppliedRev { get; init; }

    /// <summary>Ports that it has bound, by its last report.</summary>
    public ImmutableArray<BoundPort> Bound { get; init; } = [];

    /// <summary>Ports that it could not bind, by its last report.</summary>
    public ImmutableArray<FailedPort> FailedPorts { get; init; } = [];

    /// <summary>What became of its firewall, by its last report; null when it was never sent one.</summary>
    public FirewallReport? Firewall { get; init; }

    /// <summary>Payload bytes from clients to upstreams.</summary>
    public required long BytesIn { get; init; }

    /// <summary>Payload bytes from upstreams to clients.</summary>
    public required long BytesOut { get; init; }

    /// <summary>Streams ever opened.</summary>
    public required long StreamsOpened { get; init; }
}
