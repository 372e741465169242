using System.Collections.Immutable;
using System.Text.Json.Serialization;
using Tunnel.Shared.Transport.KernelMemory;

namespace Tunnel.Edge.Status;

/// <summary>The status of an edge at one moment; the JSON of <c>GET /api/v1/status</c>.</summary>
public sealed record EdgeStatus
{
    /// <summary>Whether the edge was started and not stopped.</summary>
    public bool Running { get; init; }

    /// <summary>Whether there is a tunnel to the hub.</summary>
    public bool Connected { get; init; }

    /// <summary>This edge's id.</summary>
    public string EdgeId { get; init; } = "";

    /// <summary>Who dials: <c>edge</c>, or <c>hub</c> when this edge awaits its hub.</summary>
    public string Dial { get; init; } = "edge";

    /// <summary>The hub that is dialled, as <c>host:port</c>; where the hub dials, the port at which it is awaited.</summary>
    public string Hub { get; init; } = "";

    /// <summary>
    /// Each hub of this edge, the first one first; none where the hub dials. With several, members that speak of one hub are about the
    /// first that is connected.
    /// </summary>
    public ImmutableArray<EdgeHubStatus> Hubs { get; init; } = [];

    /// <summary>Why several hubs are not as redundant as they seem, in words for the operator.</summary>
    public ImmutableArray<string> Warnings { get; init; } = [];

    /// <summary>The proxy that the hub is reached through, without its user and password; null when there is none.</summary>
    public string? Proxy { get; init; }

    /// <summary>The hub's present address, or that of the proxy on the way; null while not connected.</summary>
    public string? HubAddress { get; init; }

    /// <summary>The transport of the tunnel (<c>tcpTls</c> or <c>quic</c>); null while not connected.</summary>
    public string? Transport { get; init; }

    /// <summary>The mode that was set: <c>tcpTls</c>, <c>quic</c> or <c>quicWithFallback</c>.</summary>
    public string TransportMode { get; init; } = "";

    /// <summary>
    /// Why this transport is used: <c>configured</c>, <c>preferred</c>, or why it is not QUIC: <c>quicNotInstalled</c>,
    /// <c>quicTimedOut</c>, <c>quicUnreachable</c>, <c>quicFailed</c>, <c>proxied</c>; null while not connected.
    /// </summary>
    public string? TransportReason { get; init; }

    /// <summary>The reason in words for the operator; null when there is no more to say.</summary>
    public string? TransportDetail { get; init; }

    /// <summary>When the present tunnel began; while there is none, when the last one ended.</summary>
    public DateTimeOffset? Since { get; init; }

    /// <summary>
    /// Since when the tunnel has had no connection, while what is open waits for another one; null while nothing waits.
    /// </summary>
    public DateTimeOffset? LostSince { get; init; }

    /// <summary>How many connections the present tunnel has; 0 while not connected.</summary>
    public int Lanes { get; init; }

    /// <summary>
    /// The most bytes that packets to and from the hub may have, because larger ones did not get through; null when no limit was needed.
    /// </summary>
    public int? MaxPacket { get; init; }

    /// <summary>The round trip to the hub in milliseconds; null before the first measurement.</summary>
    public double? Rtt { get; init; }

    /// <summary>
    /// This machine's public address as a STUN server, or else the hub, saw it: IPv4 if there is one; null when not known.
    /// </summary>
    public string? PublicIp { get; init; }

    /// <summary>This machine's public IPv6 address; null when not known.</summary>
    public string? PublicIpv6 { get; init; }

    /// <summary>The number of TCP clients that have a stream.</summary>
    public int ActiveStreams { get; init; }

    /// <summary>The number of open UDP sessions.</summary>
    public int ActiveSessions { get; init; }

    /// <summary>The TCP ports that are bound.</summary>
    public ImmutableArray<int> ListenPorts { get; init; } = [];

    /// <summary>The UDP ports that are bound.</summary>
    public ImmutableArray<int> ListenPortsUdp { get; init; } = [];

    /// <summary>Assigned ports that can't be bound. Consecutive ports with the same reason are one entry.</summary>
    public ImmutableArray<EdgePortFailure> FailedPorts { get; init; } = [];

    /// <summary>What happened at each bound port.</summary>
    public ImmutableArray<EdgePortStatus> Ports { get; init; } = [];

    /// <summary>Bytes from clients since the start.</summary>
    public long BytesIn { get; init; }

    /// <summary>Bytes to clients since the start.</summary>
    public long BytesOut { get; init; }

    /// <summary>
    /// Why there is no tunnel, or why the last one ended; null when nothing has gone wrong since the tunnel was connected.
    /// </summary>
    public string? LastError { get; init; }

    /// <summary>
    /// How the last run of this edge was cut off (a kill, a crash, a power failure); null when it ended in order or this is not known.
    /// </summary>
    public EdgeCrash? Crash { get; init; }

    /// <summary>When the next attempt to connect is due; null while connected or trying.</summary>
    public DateTimeOffset? NextAttempt { get; init; }

    /// <summary>
    /// How many file descriptors the process may have. When 90 % of them are in use, new TCP clients are refused (<c>descriptorLimit</c>).
    /// </summary>
    public long DescriptorLimit { get; init; }

    /// <summary>The kernel's memory for TCP; null when it can't be read.</summary>
    public TcpMemoryStatus? TcpMemory { get; init; }

    /// <summary>The state of the packet filter.</summary>
    public FirewallStatus? Firewall { get; init; }

    /// <summary>Clients and datagrams turned away since the start, by reason; reasons that never applied are missing.</summary>
    public IReadOnlyDictionary<string, long> Refused { get; init; } = ImmutableDictionary<string, long>.Empty;

    /// <summary>Connections to the port at which the hub is awaited that were none of its, since the start, by reason.</summary>
    public IReadOnlyDictionary<string, long> Strangers { get; init; } = ImmutableDictionary<string, long>.Empty;

    /// <summary>UDP datagrams that were lost here, at ports and in tunnels, since the start, by reason.</summary>
    public IReadOnlyDictionary<string, long> DatagramsDropped { get; init; } = ImmutableDictionary<string, long>.Empty;
}

/// <summary>A run of the edge that was cut off.</summary>
/// <param name="PreviousStart">When that run began; null when this is not known.</param>
/// <param name="Error">What could not be cleaned up after it; null when everything was.</param>
public sealed record EdgeCrash(DateTimeOffset? PreviousStart, string? Error);

/// <summary>One bound port. The counts begin when it was bound.</summary>
public sealed record EdgePortStatus
{
    /// <summary>The port's number, 1–65535.</summary>
    public int Port { get; init; }

    /// <summary>The protocol: <c>tcp</c> or <c>udp</c>.</summary>
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

/// <summary>A port, or a range of ports, that the hub assigned and that is not bound.</summary>
/// <param name="Port">The port, or the first of the range, 1–65535.</param>
/// <param name="Proto">The protocol: <c>tcp</c> or <c>udp</c>.</param>
/// <param name="Error">Why it is not bound, for the operator.</param>
/// <param name="To">The last port of the range that begins with <paramref name="Port"/>; null for a single port.</param>
public sealed record EdgePortFailure(int Port, string Proto, string Error, int? To = null)
{
    /// <summary>Returns the port or range for people, such as <c>tcp/443</c> or <c>udp/5000-5009</c>.</summary>
    public override string ToString() => To is { } last ? $"{Proto}/{Port}-{last}" : $"{Proto}/{Port}";
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true)]
[JsonSerializable(typeof(EdgeStatus))]
[JsonSerializable(typeof(EdgeEventLine[]))]
internal sealed partial class EdgeJsonContext : JsonSerializerContext;
