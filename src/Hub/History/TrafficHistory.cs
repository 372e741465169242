using System.Collections.Frozen;

namespace Tunnel.Hub.History;

/// <summary>
/// What passed in the last hour, of each edge and of all together, in rings of fixed size: an edge takes about 10 KiB, from when it
/// connects until it has been away for an hour. Any thread may use it.
/// </summary>
internal sealed class TrafficHistory
{
    /// <summary>The edges that have a track of their own; the bytes of others are in the total alone.</summary>
    public const int MaxEdges = 1000;

    private const int Hour = HistoryTrack.Tens * 10;

    private readonly Lock _lock = new();
    private readonly HistoryTrack _total = new();
    private readonly Dictionary<string, HistoryTrack> _edges = new(StringComparer.Ordinal);
    private readonly Dictionary<string, TrafficReading> _before = new(StringComparer.Ordinal);
    private long _seconds;
    private DateTimeOffset _until;

    /// <summary>The present traffic: the last step of each connected edge, also of those that have no track.</summary>
    public IReadOnlyDictionary<string, TrafficPoint> Now { get; private set; } = FrozenDictionary<string, TrafficPoint>.Empty;

    /// <summary>Adds what the connected edges have counted since the call before.</summary>
    /// <param name="readings">The counters of all connected edges.</param>
    /// <param name="steps">How many seconds have passed, more than one when the process stood still: they share what was counted.</param>
    /// <param name="now">The present time.</param>
    public void Record(IReadOnlyCollection<TrafficReading> readings, int steps, DateTimeOffset now)
    {
        if (steps <= 0)
            return;
        lock (_lock)
        {
            var points = readings.ToDictionary(reading => reading.EdgeId, reading => Advance(reading, steps), StringComparer.Ordinal);
            foreach (var edgeId in points.Keys.Where(edgeId => !_edges.ContainsKey(edgeId)).Take(MaxEdges - _edges.Count).ToArray())
                _edges.Add(edgeId, new HistoryTrack());
            var total = new TrafficPoint(
                points.Values.Sum(point => point.BytesIn), points.Values.Sum(point => point.BytesOut),
                points.Values.Sum(point => point.Streams), points.Values.Sum(point => point.Sessions));
            // After longer than the rings last, nothing older would be left of them anyway.
            for (var step = Math.Min(steps, Hour); step > 0; step--, _seconds++)
            {
                _total.Set(_seconds, total);
                foreach (var (edgeId, track) in _edges)
                    track.Set(_seconds, points.GetValueOrDefault(edgeId), points.ContainsKey(edgeId));
            }

            (_until, Now) = (now, points);
            ForgetThoseAway();
        }
    }

    /// <summary>Returns the last points of the total and of some edges; edges that have none are left out.</summary>
    /// <param name="edges">The ids of the edges.</param>
    /// <param name="inTens">Whether each point stands for ten seconds instead of one.</param>
    /// <param name="count">How many points at most.</param>
    public TrafficHistoryView Read(IEnumerable<string> edges, bool inTens, int count)
    {
        lock (_lock)
        {
            var end = inTens ? _seconds / 10 * 10 : _seconds;
            return new TrafficHistoryView(
                _until - TimeSpan.FromSeconds(_seconds - end),
                _total.Last(end, inTens, count),
                [.. from edge in edges
                    where _edges.ContainsKey(edge)
                    select (edge, _edges[edge].Last(end, inTens, count))]);
        }
    }

    /// <summary>Forgets an edge that is no longer allowed.</summary>
    public void Forget(string edgeId)
    {
        lock (_lock)
        {
            _edges.Remove(edgeId);
            _before.Remove(edgeId);
        }
    }

    // The counters of an edge begin again when the hub has forgotten its last connection; then all of them are new.
    private TrafficPoint Advance(in TrafficReading reading, int steps)
    {
        var hasBefore = _before.TryGetValue(reading.EdgeId, out var before);
        _before[reading.EdgeId] = reading;
        if (!hasBefore || reading.BytesIn < before.BytesIn || reading.BytesOut < before.BytesOut)
            before = default;
        return new TrafficPoint(
            (float)(reading.BytesIn - before.BytesIn) / steps, (float)(reading.BytesOut - before.BytesOut) / steps,
            reading.Streams, reading.Sessions);
    }

    private void ForgetThoseAway()
    {
        foreach (var edgeId in _edges.Where(edge => _seconds - edge.Value.LastSeen > Hour).Select(edge => edge.Key).ToArray())
            _edges.Remove(edgeId);
    }
}

/// <summary>A part of the history.</summary>
/// <param name="Until">When the last point ends.</param>
/// <param name="Total">The points of all edges together, the oldest first.</param>
/// <param name="Edges">The points of single edges, at the same times.</param>
internal sealed record TrafficHistoryView(
    DateTimeOffset Until, TrafficPoint[] Total, IReadOnlyList<(string EdgeId, TrafficPoint[] Points)> Edges);
