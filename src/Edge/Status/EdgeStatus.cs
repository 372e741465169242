using System.Collections.Immutable;
using System.Text.Json.Serialization;
using Tunnel.Shared.Transport.KernelMemory;

namespace Tunnel.Edge.Status;

/// <summary>How an edge is, at one moment; the JSON of <c>GET /api/v1/status</c>.</summary>
public sealed record EdgeStatus
{
    /// <summary>Started and not stopped.</summary>
    public bool Running { get; init; }

    /// <summary>There is a tunnel to the hub.</summary>
    public bool Connected { get; init; }

    /// <summary>This edge's id.</summary>
    public string EdgeId { get; init; } = "";

    /// <summary>The hub as configured, <c>host:port</c>.</summary>
    public string Hub { get; init; } = "";

    /// <summary>The address that the hub has now; null while not connected.</summary>
    public string? HubAddress { get; init; }

    /// <summary>What the tunnel runs over (<c>tcpTls</c> or <c>quic</c>); null while not connected.</summary>
    public string? Transport { get; init; }

    /// <summary>The mode that was set: <c>tcpTls</c>, <c>quic</c> or <c>quicWithFallback</c>.</summary>
    public string TransportMode { get; init; } = "";

    /// <summary>
    /// Why over this transport: <c>configured</c>, <c>preferred</c>, or why not over QUIC: <c>quicNotInstalled</c>, <c>quicTimedOut</c>,
    /// <c>quicUnreachable</c>, <c>quicFailed</c>; null while not connected.
    /// </summary>
    public string? TransportReason { get; init; }

    /// <summary>The same for the operator, when there is more to say.</summary>
    public string? TransportDetail { get; init; }

    /// <summary>When the present tunnel began or, while there is none, the last one ended.</summary>
    public DateTimeOffset? Since { get; init; }

    /// <summary>Connections that the present tunnel has; 0 while not connected.</summary>
    public int Lanes { get; init; }

    /// <summary>
    /// Bytes that packets to and from the hub may have, since larger ones were not let through; null: no limit was needed.
    /// </summary>
    public int? MaxPacket { get; init; }

    /// <summary>Round trip to the hub in milliseconds; null before the first measurement.</summary>
    public double? Rtt { get; init; }

    /// <summary>
    /// This machine's public address as a STUN server saw it, else the hub, IPv4 where there is one; null when not known.
    /// </summary>
    public string? PublicIp { get; init; }

    /// <summary>Its public IPv6 address; null when not known.</summary>
    public string? PublicIpv6 { get; init; }

    /// <summary>TCP clients with a stream.</summary>
    public int ActiveStreams { get; init; }

    /// <summary>UDP sessions.</summary>
    public int ActiveSessions { get; init; }

    /// <summary>TCP ports that are bound.</summary>
    public ImmutableArray<int> ListenPorts { get; init; } = [];

    /// <summary>UDP ports that are bound.</summary>
    public ImmutableArray<int> ListenPortsUdp { get; init; } = [];

    /// <summary>Assigned ports that can't be bound, those that follow one another and have the same reason as one entry.</summary>
    public ImmutableArray<EdgePortFailure> FailedPorts { get; init; } = [];

    /// <summary>What happened at each bound port.</summary>
    public ImmutableArray<EdgePortStatus> Ports { get; init; } = [];

    /// <summary>Bytes from clients since the start.</summary>
    public long BytesIn { get; init; }

    /// <summary>Bytes to clients since the start.</summary>
    public long BytesOut { get; init; }

    /// <summary>Why there is no tunnel, or why the last one ended; null when nothing went wrong since the connect.</summary>
    public string? LastError { get; init; }

    /// <summary>
    /// That the last run of this edge was cut off (a kill, a crash, a power failure); null when it ended in order, or it is not known.
    /// </summary>
    public EdgeCrash? Crash { get; init; }

    /// <summary>When the next try to connect is due; null while connected or trying.</summary>
    public DateTimeOffset? NextAttempt { get; init; }

    /// <summary>
    /// File descriptors that the process may have; from 90 % of it on new TCP clients are refused (<c>descriptorLimit</c>).
    /// </summary>
    public long DescriptorLimit { get; init; }

    /// <summary>The kernel's memory for TCP; null when it does not tell.</summary>
    public TcpMemoryStatus? TcpMemory { get; init; }

    /// <summary>How the packet filter is.</summary>
    public FirewallStatus? Firewall { get; init; }

    /// <summary>Clients and datagrams turned away since the start, by reason; reasons that never applied are missing.</summary>
    public IReadOnlyDictionary<string, long> Refused { get; init; } = ImmutableDictionary<string, long>.Empty;

    /// <summary>UDP datagrams that were lost here, at ports and in tunnels, since the start, by reason.</summary>
    public IReadOnlyDictionary<string, long> DatagramsDropped { get; init; } = ImmutableDictionary<string, long>.Empty;
}

/// <summary>A run of the edge that was cut off.</summary>
/// <param name="PreviousStart">When it began; null when that is not known.</param>
/// <param name="Error">What of it could not be cleaned up; null: all was.</param>
public sealed record EdgeCrash(DateTimeOffset? PreviousStart, string? Error);

/// <summary>One bound port; the numbers are since it was bound.</summary>
public sealed record EdgePortStatus
{
    /// <summary>1–65535.</summary>
    public int Port { get; init; }

    /// <summary><c>tcp</c> or <c>udp</c>.</summary>
    public string Proto { get; init; } = "";

    /// <summary>Connections or sessions open now.</summary>
    public int ActiveConnections { get; init; }

    /// <summary>Connections or sessions ever let in.</summary>
    public long TotalConnections { get; init; }

    /// <summary>Bytes from clients.</summary>
    public long BytesIn { get; init; }

    /// <summary>Bytes to clients.</summary>
    public long BytesOut { get; init; }

    /// <summary>Clients and datagrams turned away, by reason; reasons that never applied are missing.</summary>
    public IReadOnlyDictionary<string, long> Blocked { get; init; } = ImmutableDictionary<string, long>.Empty;
}

/// <summary>A port, or a range of them, that the hub assigned and that is not bound.</summary>
/// <param name="Port">1–65535.</param>
/// <param name="Proto"><c>tcp</c> or <c>udp</c>.</param>
/// <param name="Error">Why, for the operator.</param>
/// <param name="To">The last of a range that begins with <paramref name="Port"/>, none of which is bound; null for one port.</param>
public sealed record EdgePortFailure(int Port, string Proto, string Error, int? To = null);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true)]
[JsonSerializable(typeof(EdgeStatus))]
internal sealed partial class EdgeJsonContext : JsonSerializerContext;
