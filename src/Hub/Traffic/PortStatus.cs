using System.Collections.Immutable;

namespace Tunnel.Hub.Traffic;

/// <summary>One port of an edge; the counters are since the hub's start.</summary>
public sealed record PortStatus
{
    /// <summary>Whose port.</summary>
    public required string EdgeId { get; init; }

    /// <summary>1–65535.</summary>
    public required int Port { get; init; }

    /// <summary><c>tcp</c> or <c>udp</c>.</summary>
    public required string Proto { get; init; }

    /// <summary>Its name for people, or null.</summary>
    public string? Name { get; init; }

    /// <summary>The edge is connected and has the port bound.</summary>
    public required bool Listening { get; init; }

    /// <summary>It listens, and the last connection to its upstream did not fail.</summary>
    public required bool Healthy { get; init; }

    /// <summary>What seems to be wrong with how its upstream is spoken to, in words; null: nothing.</summary>
    public string? Doubt { get; init; }

    /// <summary>Connections or sessions open now.</summary>
    public required int ActiveConnections { get; init; }

    /// <summary>Connections or sessions ever opened.</summary>
    public required long TotalConnections { get; init; }

    /// <summary>Bytes from clients.</summary>
    public required long BytesIn { get; init; }

    /// <summary>Bytes to clients.</summary>
    public required long BytesOut { get; init; }

    /// <summary>Clients and datagrams turned away, at the edge or here, by reason.</summary>
    public ImmutableSortedDictionary<string, long> Blocked { get; init; } = ImmutableSortedDictionary<string, long>.Empty;

    /// <summary>Connections that came to nothing, and datagrams that were lost, by reason.</summary>
    public ImmutableSortedDictionary<string, long> Errors { get; init; } = ImmutableSortedDictionary<string, long>.Empty;
}
