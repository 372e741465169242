using System.Net;
using Tunnel.Shared.Protocol.Addresses;

namespace Tunnel.Shared.Strangers;

/// <summary>
/// Counts failed authentications for each pair of address and edge id: after ten within a minute the pair is blocked for a minute.
/// A connection that sends nothing does not count as a try. The table is bounded: when it is full, the pair that failed longest ago is
/// removed, so an attacker who fills it from many addresses gains tries but uses up no memory.
/// </summary>
public sealed class FailedTries(TimeProvider time, int limit = 10, int capacity = 16_384)
{
    /// <summary>The period in which tries are counted, and for which a pair is then blocked.</summary>
    public static readonly TimeSpan Period = TimeSpan.FromMinutes(1);
    private readonly Lock _lock = new();
    private readonly Dictionary<Key, LinkedListNode<TriesEntry>> _entries = [];
    private readonly LinkedList<TriesEntry> _byAge = new();

    /// <summary>Decides when a peer that failed is told so.</summary>
    public RefusalPace Pace { get; } = new(time);

    /// <summary>The number of pairs that are remembered now.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
                return _entries.Count;
        }
    }

    /// <summary>Whether the pair is blocked now.</summary>
    public bool IsBlocked(IPAddress address, string edgeId)
    {
        lock (_lock)
            return _entries.TryGetValue(KeyOf(address, edgeId), out var node) && node.Value.BlockedUntil > time.GetUtcNow();
    }

    /// <summary>Records a failed try.</summary>
    /// <returns>True when this try blocks the pair.</returns>
    public bool AddFailure(IPAddress address, string edgeId)
    {
        var now = time.GetUtcNow();
        lock (_lock)
        {
            DropExpired(now);
            var entry = Touch(KeyOf(address, edgeId));
            if (entry.BlockedUntil > now)
                return false;
            if (now - entry.PeriodStart >= Period)
            {
                entry.PeriodStart = now;
                entry.Failures = 0;
            }

            if (++entry.Failures < limit)
                return false;
            entry.BlockedUntil = now + Period;
            entry.Failures = 0;
            return true;
        }
    }

    /// <summary>Forgets the failures of a pair, after a correct secret.</summary>
    public void Clear(IPAddress address, string edgeId)
    {
        lock (_lock)
        {
            if (_entries.Remove(KeyOf(address, edgeId), out var node))
                _byAge.Remove(node);
        }
    }

    private TriesEntry Touch(Key key)
    {
        if (_entries.TryGetValue(key, out var node))
        {
            _byAge.Remove(node);
        }
        else
        {
            if (_entries.Count >= capacity)
                RemoveOldest();
            node = new LinkedListNode<TriesEntry>(new TriesEntry(key));
            _entries.Add(key, node);
        }

        node.Value.LastFailure = time.GetUtcNow();
        _byAge.AddLast(node);
        return node.Value;
    }

    private void DropExpired(DateTimeOffset now)
    {
        // A blocked pair that keeps trying stays at the recent end, and a block never outlasts the last failure by more than the period.
        while (_byAge.First is { } oldest && now - oldest.Value.LastFailure > 2 * Period)
            RemoveOldest();
    }

    private void RemoveOldest()
    {
        var oldest = _byAge.First!;
        _byAge.RemoveFirst();
        _entries.Remove(oldest.Value.Key);
    }

    private static Key KeyOf(IPAddress address, string edgeId) => new(AddressPrefix.Of(address), edgeId);

    private readonly record struct Key(AddressPrefix Prefix, string EdgeId);

    private sealed class TriesEntry(Key key)
    {
        public Key Key { get; } = key;

        public DateTimeOffset PeriodStart { get; set; } = DateTimeOffset.MinValue;

        public DateTimeOffset LastFailure { get; set; }

        public DateTimeOffset BlockedUntil { get; set; } = DateTimeOffset.MinValue;

        public int Failures { get; set; }
    }
}
