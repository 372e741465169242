using System.Collections.Concurrent;

namespace Tunnel.Hub.Forwarding;

/// <summary>
/// Lets one line a second through for each key, and counts the others: an upstream that is down under load would otherwise write thousands of
/// equal lines a second.
/// </summary>
internal sealed class LogThrottle<TKey>(TimeProvider time)
    where TKey : notnull
{
    private const int Capacity = 4096;
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);
    private readonly ConcurrentDictionary<TKey, Entry> _entries = new();

    /// <summary>Whether to write the line.</summary>
    /// <param name="key">Equal lines have equal keys.</param>
    /// <param name="suppressed">Lines not written since the last one.</param>
    public bool ShouldLog(TKey key, out long suppressed)
    {
        if (_entries.Count >= Capacity)
            _entries.Clear();
        var entry = _entries.GetOrAdd(key, static _ => new Entry());
        lock (entry)
        {
            var now = time.GetUtcNow();
            suppressed = entry.Suppressed;
            if (now - entry.Last < Interval)
            {
                entry.Suppressed++;
                return false;
            }

            entry.Last = now;
            entry.Suppressed = 0;
            return true;
        }
    }

    private sealed class Entry
    {
        public DateTimeOffset Last { get; set; } = DateTimeOffset.MinValue;

        public long Suppressed { get; set; }
    }
}
