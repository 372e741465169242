using System.Collections.Immutable;
using System.Text.Json.Serialization;

namespace Tunnel.Shared.Protocol.Messages;

/// <summary>A message from the edge to the hub (protocol.md section 2.6): JSON of at most 64 KiB, at most 10 a second.</summary>
public sealed record Report
{
    /// <summary>The value of <see cref="Kind"/> that answers a configuration.</summary>
    public const string ConfigApplied = "configApplied";

    /// <summary>
    /// The value of <see cref="Kind"/> for a report of the edge's public address, in <see cref="PublicIp"/> and <see cref="PublicIpv6"/>.
    /// </summary>
    public const string PublicAddress = "publicIp";

    /// <summary>The value of <see cref="Kind"/> for a report of what the edge did with its firewall.</summary>
    public const string Firewall = "firewall";

    /// <summary>The value of <see cref="Kind"/> for a report of clients that were turned away.</summary>
    public const string Blocked = "blocked";

    /// <summary>The value of <see cref="Kind"/> that answers a renewal.</summary>
    public const string Kept = "kept";

    /// <summary>
    /// The value of <see cref="Kind"/> by which an edge asks a hub that dials it for connections, as many as <see cref="Lanes"/> says.
    /// </summary>
    public const string WantLanes = "wantLanes";

    /// <summary>The kind of report; the hub ignores an unknown kind.</summary>
    public string Kind { get; init; } = "";

    /// <summary>The revision of the configuration that this answers.</summary>
    public long Rev { get; init; }

    /// <summary>Ports that are bound now.</summary>
    public ImmutableArray<BoundPort> Bound { get; init; } = [];

    /// <summary>Ports that could not be bound, with the reason in words for the operator.</summary>
    public ImmutableArray<FailedPort> Failed { get; init; } = [];

    /// <summary>The result of the firewall at the edge; null in a report of another kind.</summary>
    [JsonPropertyName("firewall")]
    public FirewallReport? FirewallState { get; init; }

    /// <summary>Clients that were turned away; null in a report of another kind.</summary>
    [JsonPropertyName("blocked")]
    public BlockedReport? BlockedClients { get; init; }

    /// <summary>The outcome of a renewal; null in a report of another kind.</summary>
    [JsonPropertyName("kept")]
    public KeptReport? KeptRenewals { get; init; }

    /// <summary>The edge's public address; IPv4 where there is one.</summary>
    public string? PublicIp { get; init; }

    /// <summary>The edge's public IPv6 address; null when not known.</summary>
    public string? PublicIpv6 { get; init; }

    /// <summary>How many connections the hub is asked for; null in a report of another kind.</summary>
    public int? Lanes { get; init; }
}

/// <summary>Says what the edge has saved to its disk of what a configuration renews.</summary>
public sealed record KeptReport
{
    /// <summary>Whether it has kept the new secret.</summary>
    public bool Secret { get; init; }

    /// <summary>The hub's new address that was kept; null when the address was not renewed.</summary>
    public string? Address { get; init; }

    /// <summary>Why nothing was kept; null when it was kept.</summary>
    public string? Error { get; init; }
}

/// <summary>A port, or a range of them, that is bound.</summary>
/// <param name="Port">1–65535.</param>
/// <param name="Proto"><c>tcp</c> or <c>udp</c>.</param>
/// <param name="To">The last of a range that begins with <paramref name="Port"/>; null for one port.</param>
public sealed record BoundPort(int Port, string Proto, int? To = null)
{
    /// <summary>How many ports the entry stands for.</summary>
    [JsonIgnore]
    public int Count => (To ?? Port) - Port + 1;

    /// <summary>The port numbers of the entry. All entries of a report together have at most as many as there are ports.</summary>
    public IEnumerable<int> Numbers() => Enumerable.Range(Port, Count);
}

/// <summary>A port, or a range of them, that could not be bound.</summary>
/// <param name="Port">1–65535.</param>
/// <param name="Proto"><c>tcp</c> or <c>udp</c>.</param>
/// <param name="Error">The reason, for example <c>address in use</c>.</param>
/// <param name="To">The last of a range that begins with <paramref name="Port"/>, all for the same reason; null for one port.</param>
public sealed record FailedPort(int Port, string Proto, string Error, int? To = null)
{
    /// <summary>The entry as text, such as <c>tcp/443</c> or <c>udp/1000-1999</c>.</summary>
    public override string ToString() => To is { } last ? $"{Proto}/{Port}-{last}" : $"{Proto}/{Port}";
}
