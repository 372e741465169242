using System.Collections.Immutable;
using Tunnel.Shared.Transport;

namespace Tunnel.Hub.Edges.Live;

/// <summary>The settings of the registry.</summary>
/// <param name="MaxEdges">The number of edges connected at once.</param>
/// <param name="MaxLanes">The number of connections of one tunnel.</param>
/// <param name="Drain">How long OPENs are served for a port that was taken away.</param>
/// <param name="HelloTimeout">The time without HELLO after which a rival of a live tunnel counts as a base peer.</param>
internal sealed record LiveEdgesOptions(int MaxEdges, int MaxLanes, TimeSpan Drain, TimeSpan HelloTimeout)
{
    public static LiveEdgesOptions Default { get; } = new(10_000, LaneOptions.Limit, TimeSpan.FromSeconds(30), TimeSpan.FromSeconds(5));

    /// <summary>Returns how many new connections a second those of an edge's ports admit now that adapt to their targets.</summary>
    public Func<string, IReadOnlyDictionary<int, int>> Rates { get; init; } = static _ => ImmutableDictionary<int, int>.Empty;
}
