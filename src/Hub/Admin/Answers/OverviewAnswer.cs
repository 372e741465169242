using System.Collections.Immutable;
using Tunnel.Hub.Status;
using Tunnel.Shared.Transport;

namespace Tunnel.Hub.Admin.Answers;

/// <summary>The contents of a dashboard: figures of the whole hub, its troubles, and a page of its edges.</summary>
internal sealed record OverviewAnswer
{
    /// <summary>The most troubles that are named; all of them are counted.</summary>
    public const int MaxTroubles = 100;

    /// <summary>The hub's version.</summary>
    public required string Version { get; init; }

    /// <summary>When the hub was started.</summary>
    public DateTimeOffset? Since { get; init; }

    /// <summary>The port that edges connect to.</summary>
    public required int TunnelPort { get; init; }

    /// <summary>The host that connection tokens contain; missing when there is none.</summary>
    public string? PublicHost { get; init; }

    /// <summary>The upstream host of ports whose settings name no other.</summary>
    public required string TargetHost { get; init; }

    /// <summary>The edges of the set, enabled or not.</summary>
    public required int AllowedEdges { get; init; }

    /// <summary>How many of the allowed edges are enabled.</summary>
    public required int EnabledEdges { get; init; }

    /// <summary>How many edges have a tunnel.</summary>
    public required int EdgesConnected { get; init; }

    /// <summary>TCP streams of all edges that are open now.</summary>
    public required int ActiveStreams { get; init; }

    /// <summary>UDP sessions of all edges that are open now.</summary>
    public required int ActiveSessions { get; init; }

    /// <summary>Payload bytes from clients in the last second.</summary>
    public required long RateIn { get; init; }

    /// <summary>Payload bytes to clients in the last second.</summary>
    public required long RateOut { get; init; }

    /// <summary>Streams and UDP sessions that failed since the hub's start, by reason.</summary>
    public required ImmutableSortedDictionary<string, long> Failures { get; init; }

    /// <summary>The bytes that all streams together may have buffered.</summary>
    public required long MemoryBudget { get; init; }

    /// <summary>The bytes that are buffered now.</summary>
    public required long MemoryUsed { get; init; }

    /// <summary>The file descriptors that the process may have.</summary>
    public required long DescriptorLimit { get; init; }

    /// <summary>How much there is that does not work.</summary>
    public required int Bad { get; init; }

    /// <summary>How much there is that works in part or will not for long.</summary>
    public required int Warn { get; init; }

    /// <summary>The troubles, the worst first, at most a hundred; those of the edge alone when one was asked for.</summary>
    public ImmutableArray<Trouble> Troubles { get; init; } = [];

    /// <summary>How many edges there are like those that were asked for, on whatever page.</summary>
    public required int Found { get; init; }

    /// <summary>The page of edges.</summary>
    public ImmutableArray<EdgeOverview> Edges { get; init; } = [];
}

/// <summary>One edge as a line of a list.</summary>
internal sealed record EdgeOverview
{
    /// <summary>The id of the edge.</summary>
    public required string EdgeId { get; init; }

    /// <summary>How well it is.</summary>
    public required Health Health { get; init; }

    /// <summary>Why, in a few words.</summary>
    public required string Word { get; init; }

    /// <summary>Whether it has a tunnel.</summary>
    public required bool Connected { get; init; }

    /// <summary>Since when it is connected, or when it was last; missing when it never was.</summary>
    public DateTimeOffset? Since { get; init; }

    /// <summary>The address and port of its newest tunnel, or of its last one.</summary>
    public string? Remote { get; init; }

    /// <summary>The transport of its newest tunnel.</summary>
    public TransportKind? Transport { get; init; }

    /// <summary>The connections of its tunnels, where they are more than its tunnels.</summary>
    public int? Lanes { get; init; }

    /// <summary>The last measured round trip in milliseconds.</summary>
    public double? Rtt { get; init; }

    /// <summary>TCP streams and UDP sessions that are open now.</summary>
    public int? Open { get; init; }

    /// <summary>Payload bytes from clients in the last second.</summary>
    public long? RateIn { get; init; }

    /// <summary>Payload bytes to clients in the last second.</summary>
    public long? RateOut { get; init; }

    /// <summary>Payload bytes from clients since it is known.</summary>
    public long? BytesIn { get; init; }

    /// <summary>Payload bytes to clients since it is known.</summary>
    public long? BytesOut { get; init; }

    /// <summary>The ports that it should bind, cut where they are many: <c>tcp 80,443, udp 53</c>; empty: none.</summary>
    public required string Ports { get; init; }

    /// <summary>The ports that the edge could not bind; missing when there are none.</summary>
    public string? FailedPorts { get; init; }
}
