using System.Collections.Immutable;

namespace Tunnel.Hub.Traffic;

/// <summary>The last connections of ports with <c>logConnections</c>, in a ring that never grows.</summary>
internal sealed class ConnectionLog(int capacity = ConnectionLog.DefaultCapacity)
{
    public const int DefaultCapacity = 10_000;

    private readonly Lock _lock = new();
    private readonly ConnectionRecord?[] _ring = new ConnectionRecord?[capacity];
    private long _lastId;

    /// <summary>Keeps a record in place of the oldest.</summary>
    public void Add(ConnectionRecord record)
    {
        lock (_lock)
        {
            var id = ++_lastId;
            _ring[id % _ring.Length] = record with { Id = id };
        }
    }

    /// <summary>Returns the matching records, the newest first.</summary>
    /// <param name="filter">Selects the records.</param>
    /// <param name="before">Only records with a lower number than this; null: all.</param>
    /// <param name="limit">The largest number of records to return.</param>
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

    // The records are copied, so that a slow filter blocks nobody.
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
