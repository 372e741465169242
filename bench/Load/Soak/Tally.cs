using System.Globalization;
using System.Text;

namespace Tunnel.Bench.Load.Soak;

/// <summary>Counts what was carried, what was lost, and why. Thread-safe.</summary>
internal sealed class Tally
{
    private const string Unexplained = "unexplained";

    // What a disturbance has broken is noticed within this time after its end, which for an edge that is killed is when it is up again.
    private static readonly TimeSpan Aftermath = TimeSpan.FromSeconds(15);

    // A loss that nothing excuses is listed with what was done to the programs so shortly before.
    private static readonly TimeSpan Recently = TimeSpan.FromSeconds(30);

    private readonly Lock _lock = new();
    private readonly SortedDictionary<string, long> _done = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, long> _lost = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, long> _datagrams = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, long> _disturbances = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, long> _wrongEnds = new(StringComparer.Ordinal);
    private readonly Dictionary<string, (string Name, DateTime Until)> _last = [];
    private readonly Dictionary<string, DateTime> _times = [];
    private readonly List<string> _unexplained = [];
    private long _bytes;
    private long _wrongBytes;

    /// <summary>Whether nothing was wrong, and nothing was lost without a cause.</summary>
    public bool IsClean
    {
        get
        {
            lock (_lock)
                return _wrongBytes == 0 && _unexplained.Count == 0;
        }
    }

    /// <summary>Counts a conversation that went as it should.</summary>
    public void AddDone(string kind, long bytes)
    {
        lock (_lock)
        {
            _done[kind] = _done.GetValueOrDefault(kind) + 1;
            _bytes += bytes;
        }
    }

    /// <summary>Counts a conversation that ended early; the edge's last disturbance is its cause, if it was not long ago.</summary>
    public void AddLost(string kind, string edge, string how, DateTime began)
    {
        lock (_lock)
        {
            if (Count(_lost, edge, began) == Unexplained)
                AddUnexplained($"{edge}, {kind} that began at {began:HH:mm:ss.f}: {how}");
        }
    }

    public void AddWrongBytes()
    {
        lock (_lock)
            _wrongBytes++;
    }

    /// <summary>Counts a reset that arrived as an orderly end, or the other way round.</summary>
    public void AddWrongEnd(string what, string edge)
    {
        lock (_lock)
        {
            var cause = CauseOf(edge, DateTime.UtcNow);
            _wrongEnds[$"{what} ({cause})"] = _wrongEnds.GetValueOrDefault($"{what} ({cause})") + 1;
            if (cause == Unexplained)
                AddUnexplained($"{edge}: {what}");
        }
    }

    /// <summary>Notes that something begins to be done to the programs, which excuses what is lost until it has ended.</summary>
    /// <param name="name">The name of the disturbance.</param>
    /// <param name="edge">The edge whose connections may be lost by it; null: none.</param>
    public void BeginDisturbance(string name, string? edge)
    {
        lock (_lock)
        {
            _times[name] = DateTime.UtcNow;
            if (edge is not null)
                _last[edge] = (name, DateTime.MaxValue);
        }
    }

    /// <summary>Counts a disturbance that has ended: from now on its effect fades.</summary>
    public void EndDisturbance(string name, string? edge)
    {
        lock (_lock)
        {
            _disturbances[name] = _disturbances.GetValueOrDefault(name) + 1;
            if (edge is not null)
                _last[edge] = (name, DateTime.UtcNow + Aftermath);
        }
    }

    /// <summary>Counts a datagram that did not come, or whose answer did not.</summary>
    public void AddLostDatagram(string edge)
    {
        lock (_lock)
            Count(_datagrams, edge, DateTime.UtcNow);
    }

    private string Count(SortedDictionary<string, long> counts, string edge, DateTime since)
    {
        var cause = CauseOf(edge, since);
        var where = $"{edge}, {cause}:";
        counts[where] = counts.GetValueOrDefault(where) + 1;
        return cause;
    }

    private void AddUnexplained(string what)
    {
        var now = DateTime.UtcNow;
        var before = _times.Where(entry => now - entry.Value < Recently).OrderByDescending(static entry => entry.Value)
            .Select(entry => string.Create(CultureInfo.InvariantCulture, $"{entry.Key} {(now - entry.Value).TotalSeconds:F1} s"));
        _unexplained.Add($"{now:HH:mm:ss.f} {what}; done before: {string.Join(", ", before)}");
    }

    private string CauseOf(string edge, DateTime since) =>
        _last.TryGetValue(edge, out var last) && last.Until > since ? last.Name : Unexplained;

    public override string ToString()
    {
        lock (_lock)
        {
            var text = new StringBuilder();
            void Line(string what, IEnumerable<KeyValuePair<string, long>> counts)
            {
                var words = counts.Select(static pair => string.Create(CultureInfo.InvariantCulture, $"{pair.Key} {pair.Value:N0}"));
                text.AppendLine(CultureInfo.InvariantCulture, $"- {what}: {string.Join(", ", words)}");
            }

            Line("went as they should", _done);
            Line("done to the programs", _disturbances);
            Line("connections lost, by edge and cause", _lost);
            Line("datagrams lost, by edge and cause", _datagrams);
            Line("wrong ends, by cause", _wrongEnds);
            text.AppendLine(
                CultureInfo.InvariantCulture, $"- {_bytes / 1e9:F2} GB checked, wrong bytes in {_wrongBytes} conversations");
            text.AppendLine(CultureInfo.InvariantCulture, $"- unexplained: {_unexplained.Count:N0}");
            foreach (var line in _unexplained.Take(40))
                text.AppendLine(CultureInfo.InvariantCulture, $"- unexplained: {line}");
            return text.ToString();
        }
    }
}
