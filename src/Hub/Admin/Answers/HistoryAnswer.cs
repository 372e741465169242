using System.Collections.Immutable;
using Tunnel.Hub.History;

namespace Tunnel.Hub.Admin.Answers;

/// <summary>Series of the latest traffic, in steps of equal length; all of them have their points at the same times.</summary>
internal sealed record HistoryAnswer
{
    /// <summary>How many seconds each point stands for: 1 or 10.</summary>
    public required int Resolution { get; init; }

    /// <summary>When the last point ends.</summary>
    public required DateTimeOffset Until { get; init; }

    /// <summary>All edges together.</summary>
    public required HistorySeries Total { get; init; }

    /// <summary>The edges that were asked for; those that were not connected in the last hour are left out.</summary>
    public ImmutableArray<HistorySeries> Edges { get; init; } = [];

    public static HistoryAnswer Of(TrafficHistoryView view, int resolution) => new()
    {
        Resolution = resolution,
        Until = view.Until,
        Total = HistorySeries.Of(null, view.Total),
        Edges = [.. view.Edges.Select(edge => HistorySeries.Of(edge.EdgeId, edge.Points))],
    };
}

/// <summary>The points of one edge or of all together, the oldest first.</summary>
internal sealed record HistorySeries
{
    /// <summary>The id of the edge; missing in the total.</summary>
    public string? EdgeId { get; init; }

    /// <summary>Payload bytes a second from clients.</summary>
    public required ImmutableArray<long> BytesIn { get; init; }

    /// <summary>Payload bytes a second to clients.</summary>
    public required ImmutableArray<long> BytesOut { get; init; }

    /// <summary>TCP streams that were open.</summary>
    public required ImmutableArray<int> Streams { get; init; }

    /// <summary>UDP sessions that were open.</summary>
    public required ImmutableArray<int> Sessions { get; init; }

    public static HistorySeries Of(string? edgeId, TrafficPoint[] points) => new()
    {
        EdgeId = edgeId,
        BytesIn = [.. points.Select(point => (long)point.BytesIn)],
        BytesOut = [.. points.Select(point => (long)point.BytesOut)],
        Streams = [.. points.Select(point => point.Streams)],
        Sessions = [.. points.Select(point => point.Sessions)],
    };
}
