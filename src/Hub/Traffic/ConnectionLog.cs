using System.Collections.Immutable;

namespace Tunnel.Hub.Traffic;

/// <summary>The last connections of ports with <c>logConnections</c>: a ring, so that it never grows.</summary>
internal sealed class ConnectionLog(int capacity = ConnectionLog.DefaultCapacity)
{
    public const int DefaultCapacity = 10_000;

    private readonly Lock _lock = new();
    private readonly ConnectionRecord?[] _ring = new ConnectionRecord?[capacity];
    private long _lastId;

    /// <summary>Keeps a record, in the place of the oldest.</summary>
    public void Add(ConnectionRecord record)
    {
        lock (_lock)
        {
            var id = ++_lastId;
            _ring[id % _ring.Length] = record with { Id = id };
        }
    }

    /// <summary>The newest that match, the newest first.</summary>
    /// <param name="filter">Which.</param>
    /// <param name="before">Only those older than the one of this number; null: all.</param>
    /// <param name="limit">At most so many.</param>
    public ImmutableArray<ConnectionRecord> Find(ConnectionFilter filter, long? before, int limit)
    {
        var found = ImmutableArray.CreateBuilder<ConnectionRecord>();
        foreach (var record in Snapshot(before))
        {
            if (found.Count == limit)
                break;
            if (filter.Matches(record))
                found.Add(record);
        }

        return found.DrainToImmutable();
    }

    // Copied, so that a filter's work holds nobody up.
    private List<ConnectionRecord> Snapshot(long? before)
    {
        lock (_lock)
        {
            var newest = Math.Min(_lastId, (before ?? long.MaxValue) - 1);
            var oldest = Math.Max(1, _lastId - _ring.Length + 1);
            var records = new List<ConnectionRecord>();
            for (var id = newest; id >= oldest; id--)
                records.Add(_ring[id % _ring.Length]!);
            return records;
        }
    }
}
