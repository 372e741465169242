using System.Collections.Immutable;
using Tunnel.Hub.Edges.Allowed;
using Tunnel.Hub.Edges.Definitions;
using Tunnel.Hub.Edges.Secrets;

namespace Tunnel.Hub.Edges.State;

/// <summary>An allowed edge with its secrets.</summary>
internal sealed record EdgeEntry(AllowedEdge Edge, EdgeSecrets Secrets);

/// <summary>The whole set at one moment. Immutable: readers take the reference and need no lock.</summary>
internal sealed class EdgeState
{
    private string? _tag;
    private long? _jsonLength;
    private long? _portCount;

    public EdgeState(ImmutableDictionary<string, EdgeEntry> entries)
    {
        Entries = entries;
        Edges = entries.ToImmutableDictionary(entry => entry.Key, entry => entry.Value.Edge, StringComparer.Ordinal);
        HasChosenSecrets = entries.Values.Any(entry => entry.Secrets.HasChosen);
        NextExpiry = entries.Values.Min(entry => entry.Secrets.NextExpiry);
    }

    public static EdgeState Empty { get; } = new(ImmutableDictionary.Create<string, EdgeEntry>(StringComparer.Ordinal));

    public ImmutableDictionary<string, EdgeEntry> Entries { get; }

    public ImmutableDictionary<string, AllowedEdge> Edges { get; }

    /// <summary>
    /// Grows with each change, at whichever hub it is made: the time of the change in microseconds since 1970, or one more than before
    /// where the clock went back. It is set before the state is in force. 0: nobody has changed anything yet.
    /// </summary>
    public long Revision { get; set; }

    /// <summary>The entity tag of the whole set.</summary>
    public string Tag => _tag ??= EntityTags.Of(Edges.Values);

    /// <summary>The length of the whole set's JSON, as it is read, in bytes.</summary>
    public long JsonLength => _jsonLength ??= Edges.Values.Sum(edge => edge.JsonLength + 1L) + 1;

    /// <summary>The number of ports of all edges.</summary>
    public long PortCount => _portCount ??= EdgeSetValidator.CountPorts(Edges.Values.Select(static edge => edge.Definition));

    /// <summary>Whether any edge has a chosen secret; if so, every refusal costs a slow hash, whoever asks.</summary>
    public bool HasChosenSecrets { get; }

    /// <summary>When the next secret expires, or null.</summary>
    public DateTimeOffset? NextExpiry { get; }

    /// <summary>
    /// Gives the state a revision, unless it is the same as before, and each edge that is told something else than before, too.
    /// </summary>
    /// <param name="before">The state before the change.</param>
    /// <param name="now">The time of the change, which makes revisions of hubs comparable that share nothing.</param>
    public EdgeState After(EdgeState before, DateTimeOffset now)
    {
        if (ReferenceEquals(before, this))
            return this;
        var time = (now - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond;
        Revision = Math.Max(before.Revision + 1, time);
        foreach (var (id, edge) in Edges)
        {
            // An edge that is new may have been there before, with a revision of then; that of the whole set is not below it. A change of
            // one that was there goes on from its own, so that a clock that was once far ahead leaves the other edges as they are.
            if (!before.Edges.TryGetValue(id, out var old))
                edge.Revision = Revision;
            else if (!ReferenceEquals(edge, old))
                edge.Revision = edge.IsToldAs(old) ? old.Revision : Math.Max(old.Revision + 1, time);
        }

        return this;
    }

    /// <summary>Returns the entity tag of one edge, or null when there is none.</summary>
    public string? TagOf(string id) => Edges.GetValueOrDefault(id)?.Tag;

    /// <summary>Returns what an operator wrote about one edge, or null when there is none.</summary>
    public EdgeDefinition? Definition(string id) => Edges.GetValueOrDefault(id)?.Definition;

    public EdgeState With(EdgeEntry entry) => new(Entries.SetItem(entry.Edge.Id, entry));

    public EdgeState Without(string id) => new(Entries.Remove(id));

    public EdgeState WithoutExpired(DateTimeOffset now) =>
        NextExpiry is null || NextExpiry > now
            ? this
            : new EdgeState(Entries.ToImmutableDictionary(
                entry => entry.Key,
                entry => entry.Value with { Secrets = entry.Value.Secrets.WithoutExpired(now) },
                StringComparer.Ordinal));
}
