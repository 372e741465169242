using System.Collections.Immutable;
using System.Net;

namespace Tunnel.Hub.Edges.Presence;

/// <summary>
/// Who was seen when, by edge id: what the registry of tunnels forgets with an edge's last tunnel. Any thread; its lock is taken inside of
/// others and takes none itself.
/// </summary>
internal sealed class EdgePresences(TimeProvider time)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, Entry> _entries = new(StringComparer.Ordinal);

    /// <summary>An edge is connected; or still is, by another tunnel.</summary>
    public void OnConnected(string edgeId, IPEndPoint remote, DateTimeOffset since) => Change(edgeId, entry =>
    {
        entry.Presence = new EdgePresence(since, time.GetUtcNow(), remote.ToString(), EdgeCondition.Connected, null);
        entry.Refused = null;
    });

    /// <summary>An edge has lost its last tunnel.</summary>
    /// <param name="edgeId">Which edge.</param>
    /// <param name="condition">Why.</param>
    /// <param name="detail">The same in words.</param>
    /// <param name="isForgotten">It is allowed no more, and nothing of it is kept.</param>
    /// <returns>What there is to say of it.</returns>
    public EdgePresence OnGone(string edgeId, EdgeCondition condition, string detail, bool isForgotten)
    {
        var now = time.GetUtcNow();
        lock (_lock)
        {
            var entry = _entries.GetValueOrDefault(edgeId);
            var known = entry?.Presence ?? new EdgePresence(now, now, "", condition, detail);
            var gone = known with { LastSeen = now, Condition = condition, Detail = detail };
            if (isForgotten)
                _entries.Remove(edgeId);
            else
                (_entries[edgeId] = entry ?? new Entry()).Presence = gone;
            return gone;
        }
    }

    /// <summary>A second process came with the id of an edge that is connected.</summary>
    public void OnConflict(string edgeId, IPEndPoint newcomer) =>
        Change(edgeId, entry => entry.Conflict = new EdgeAttempt(newcomer.ToString(), time.GetUtcNow()));

    /// <summary>Somebody came with the id of an allowed edge and no valid secret.</summary>
    public void OnRefused(string edgeId, IPEndPoint remote) =>
        Change(edgeId, entry => entry.Refused = new EdgeAttempt(remote.ToString(), time.GetUtcNow()));

    /// <summary>An edge is allowed no more.</summary>
    public void Forget(string edgeId)
    {
        lock (_lock)
            _entries.Remove(edgeId);
    }

    /// <summary>When it was seen; null: never.</summary>
    public EdgePresence? Find(string edgeId) => Find(edgeId, out _, out _);

    /// <inheritdoc cref="Find(string)"/>
    /// <param name="edgeId">Which edge.</param>
    /// <param name="conflict">The last process that came while the edge was connected.</param>
    /// <param name="refused">The last one without a valid secret since the edge was last connected.</param>
    public EdgePresence? Find(string edgeId, out EdgeAttempt? conflict, out EdgeAttempt? refused)
    {
        lock (_lock)
        {
            var entry = _entries.GetValueOrDefault(edgeId);
            (conflict, refused) = (entry?.Conflict, entry?.Refused);
            return entry?.Presence;
        }
    }

    /// <summary>Takes up what an earlier run has written down.</summary>
    public void Restore(IReadOnlyDictionary<string, EdgePresence> presences)
    {
        lock (_lock)
        {
            foreach (var (edgeId, presence) in presences)
                _entries.TryAdd(edgeId, new Entry { Presence = presence });
        }
    }

    /// <summary>All that is to be written down: those that are connected are seen now.</summary>
    public ImmutableSortedDictionary<string, EdgePresence> Snapshot()
    {
        var now = time.GetUtcNow();
        lock (_lock)
        {
            return _entries.Where(entry => entry.Value.Presence is not null).ToImmutableSortedDictionary(
                entry => entry.Key,
                entry =>
                    entry.Value.Presence is { Condition: EdgeCondition.Connected } connected
                    ? connected with { LastSeen = now }
                    : entry.Value.Presence!,
                StringComparer.Ordinal);
        }
    }

    private void Change(string edgeId, Action<Entry> change)
    {
        lock (_lock)
        {
            if (!_entries.TryGetValue(edgeId, out var entry))
                _entries.Add(edgeId, entry = new Entry());
            change(entry);
        }
    }

    private sealed class Entry
    {
        public EdgePresence? Presence { get; set; }

        public EdgeAttempt? Conflict { get; set; }

        public EdgeAttempt? Refused { get; set; }
    }
}
