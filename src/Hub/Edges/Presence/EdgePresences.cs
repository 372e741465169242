using System.Collections.Immutable;
using System.Net;

namespace Tunnel.Hub.Edges.Presence;

/// <summary>
/// When each edge was seen, by its id: the registry of tunnels forgets this with an edge's last tunnel. Any thread may call it; its lock
/// is taken inside other locks and takes none itself.
/// </summary>
internal sealed class EdgePresences(TimeProvider time)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, PresenceEntry> _entries = new(StringComparer.Ordinal);

    /// <summary>Notes that an edge is connected, or still is by another tunnel.</summary>
    public void OnConnected(string edgeId, IPEndPoint remote, DateTimeOffset since) => Change(edgeId, entry =>
    {
        entry.Presence = new EdgePresence(since, time.GetUtcNow(), remote.ToString(), EdgeCondition.Connected, null);
        entry.Refused = null;
    });

    /// <summary>Notes that an edge has lost its last tunnel.</summary>
    /// <param name="edgeId">The id of the edge.</param>
    /// <param name="condition">The state that it is in from now on.</param>
    /// <param name="detail">The reason in words.</param>
    /// <param name="isForgotten">Whether the edge is no longer allowed, so that nothing of it is kept.</param>
    /// <returns>The edge's presence.</returns>
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
                (_entries[edgeId] = entry ?? new PresenceEntry()).Presence = gone;
            return gone;
        }
    }

    /// <summary>Notes that a second process came with the id of a connected edge.</summary>
    public void OnConflict(string edgeId, IPEndPoint newcomer, string instance) => Change(
        edgeId, entry => entry.Conflict = new EdgeAttempt(newcomer.ToString(), time.GetUtcNow()) { Instance = instance });

    /// <summary>Notes that somebody came with the id of an allowed edge but no valid secret.</summary>
    public void OnRefused(string edgeId, IPEndPoint remote) =>
        Change(edgeId, entry => entry.Refused = new EdgeAttempt(remote.ToString(), time.GetUtcNow()));

    /// <summary>Forgets an edge that is no longer allowed.</summary>
    public void Forget(string edgeId)
    {
        lock (_lock)
            _entries.Remove(edgeId);
    }

    /// <summary>Returns when an edge was seen; null: never.</summary>
    public EdgePresence? Find(string edgeId) => Find(edgeId, out _, out _);

    /// <inheritdoc cref="Find(string)"/>
    /// <param name="edgeId">The id of the edge.</param>
    /// <param name="conflict">The last process that came while the edge was connected.</param>
    /// <param name="refused">The last process without a valid secret since the edge was last connected.</param>
    public EdgePresence? Find(string edgeId, out EdgeAttempt? conflict, out EdgeAttempt? refused)
    {
        lock (_lock)
        {
            var entry = _entries.GetValueOrDefault(edgeId);
            (conflict, refused) = (entry?.Conflict, entry?.Refused);
            return entry?.Presence;
        }
    }

    /// <summary>Takes over what an earlier run has written.</summary>
    public void Restore(IReadOnlyDictionary<string, EdgePresence> presences)
    {
        lock (_lock)
        {
            foreach (var (edgeId, presence) in presences)
                _entries.TryAdd(edgeId, new PresenceEntry { Presence = presence });
        }
    }

    /// <summary>Returns everything that is to be written; connected edges count as seen now.</summary>
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

    private void Change(string edgeId, Action<PresenceEntry> change)
    {
        lock (_lock)
        {
            if (!_entries.TryGetValue(edgeId, out var entry))
                _entries.Add(edgeId, entry = new PresenceEntry());
            change(entry);
        }
    }

    private sealed class PresenceEntry
    {
        public EdgePresence? Presence { get; set; }

        public EdgeAttempt? Conflict { get; set; }

        public EdgeAttempt? Refused { get; set; }
    }
}
