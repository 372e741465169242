using System.Collections.Immutable;
using Tunnel.Hub.Traffic;

namespace Tunnel.Hub.Admin.Answers;

/// <summary>Open streams and sessions.</summary>
internal sealed record StreamsAnswer
{
    public ImmutableArray<LiveConnection> Streams { get; init; } = [];

    /// <summary>The cursor of the next page; missing on the last page.</summary>
    public string? Next { get; init; }
}

/// <summary>Counters by port, and their sums.</summary>
internal sealed record StreamStatsAnswer
{
    public ImmutableArray<PortStatus> Ports { get; init; } = [];

    public long ActiveConnections { get; init; }

    public long TotalConnections { get; init; }

    public long BytesIn { get; init; }

    public long BytesOut { get; init; }

    /// <summary>The number of clients that were turned away, for whatever reason.</summary>
    public long Blocked { get; init; }

    /// <summary>The number of failed connections and of lost datagrams.</summary>
    public long Errors { get; init; }
}

/// <summary>A page of the log of connections.</summary>
internal sealed record ConnectionsAnswer
{
    public ImmutableArray<ConnectionRecord> Connections { get; init; } = [];

    /// <summary>The cursor of the next page; missing on the last page.</summary>
    public string? Next { get; init; }

    /// <summary>Clients that edges turned away and only counted, since there were too many to name.</summary>
    public long Unnamed { get; init; }
}
