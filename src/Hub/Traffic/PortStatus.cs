using System.Collections.Immutable;
using Tunnel.Hub.Targets.Pools;

namespace Tunnel.Hub.Traffic;

/// <summary>One port of an edge; the counters are since the hub's start.</summary>
public sealed record PortStatus
{
    /// <summary>The id of the port's edge.</summary>
    public required string EdgeId { get; init; }

    /// <summary>The port number, 1–65535.</summary>
    public required int Port { get; init; }

    /// <summary>The protocol, <c>tcp</c> or <c>udp</c>.</summary>
    public required string Proto { get; init; }

    /// <summary>Its name for people, or null.</summary>
    public string? Name { get; init; }

    /// <summary>Whether the edge is connected and has bound the port.</summary>
    public required bool Listening { get; init; }

    /// <summary>
    /// Whether the port listens and the last connection to its upstream did not fail; with a pool, whether one of its targets works.
    /// </summary>
    public required bool Healthy { get; init; }

    /// <summary>What seems wrong with how the upstream is addressed, in words; null: nothing.</summary>
    public string? Doubt { get; init; }

    /// <summary>The members of the port's pool; empty when it has none.</summary>
    public ImmutableArray<TargetStatus> Targets { get; init; } = [];

    /// <summary>How many new clients it admits; null: as many as come.</summary>
    public AdmissionStatus? Admission { get; init; }

    /// <summary>The number of connections or sessions open now.</summary>
    public required int ActiveConnections { get; init; }

    /// <summary>The number of connections or sessions ever opened.</summary>
    public required long TotalConnections { get; init; }

    /// <summary>The bytes from clients.</summary>
    public required long BytesIn { get; init; }

    /// <summary>The bytes to clients.</summary>
    public required long BytesOut { get; init; }

    /// <summary>The number of clients and datagrams turned away, at the edge or here, by reason.</summary>
    public ImmutableSortedDictionary<string, long> Blocked { get; init; } = ImmutableSortedDictionary<string, long>.Empty;

    /// <summary>The number of failed connections and lost datagrams, by reason.</summary>
    public ImmutableSortedDictionary<string, long> Errors { get; init; } = ImmutableSortedDictionary<string, long>.Empty;
}
