using System.Collections.Immutable;
using Tunnel.Hub.Targets;

namespace Tunnel.Hub.Traffic;

/// <summary>What happens at one port of an edge, as far as the hub sees it or is told.</summary>
internal sealed class PortTraffic(TrafficKey key)
{
    // Reasons come from an edge: a hostile one must not have the table grow.
    private const int MaxReasons = 64;

    private readonly Lock _lock = new();
    private readonly HashSet<ILiveConnection> _live = [];
    private readonly Dictionary<string, long> _blocked = new(StringComparer.Ordinal);
    private readonly Dictionary<string, long> _errors = new(StringComparer.Ordinal);
    private long _total;
    private long _pastBytesIn;
    private long _pastBytesOut;

    public TrafficKey Key => key;

    /// <summary>Whether its upstream does its work.</summary>
    public UpstreamHealth Health { get; } = new();

    /// <summary>Whether its upstream expects the PROXY header that it gets.</summary>
    public HeaderDoubt Header { get; } = new();

    /// <summary>Counts a connection in.</summary>
    public void Add(ILiveConnection connection)
    {
        lock (_lock)
        {
            _live.Add(connection);
            _total++;
        }
    }

    /// <summary>Counts a connection out, with what it has carried; once or more.</summary>
    public void Remove(ILiveConnection connection, long bytesIn, long bytesOut)
    {
        lock (_lock)
        {
            if (!_live.Remove(connection))
                return;
            _pastBytesIn += bytesIn;
            _pastBytesOut += bytesOut;
        }
    }

    /// <summary>A connection came to nothing.</summary>
    /// <param name="reason">Why, in camelCase.</param>
    /// <param name="count">How many.</param>
    public void CountError(string reason, int count = 1) => Count(_errors, reason, count);

    /// <summary>Clients were turned away.</summary>
    public void CountBlocked(string reason, long count) => Count(_blocked, reason, count);

    public IEnumerable<LiveConnection> Live()
    {
        ILiveConnection[] live;
        lock (_lock)
            live = [.. _live];
        return live.Select(connection => connection.Describe());
    }

    /// <summary>What it is now.</summary>
    /// <param name="isListening">Whether the edge has the port bound.</param>
    /// <param name="name">The policy's name for it.</param>
    public PortStatus Describe(bool isListening, string? name)
    {
        ILiveConnection[] live;
        PortStatus past;
        lock (_lock)
        {
            live = [.. _live];
            past = new PortStatus
            {
                EdgeId = key.EdgeId,
                Port = key.Port,
                Proto = key.Proto,
                Name = name,
                Listening = isListening,
                Healthy = isListening && Health.IsHealthy,
                Doubt = Header.IsRaised ? HeaderDoubt.Words : null,
                ActiveConnections = live.Length,
                TotalConnections = _total,
                BytesIn = _pastBytesIn,
                BytesOut = _pastBytesOut,
                Blocked = _blocked.ToImmutableSortedDictionary(StringComparer.Ordinal),
                Errors = _errors.ToImmutableSortedDictionary(StringComparer.Ordinal),
            };
        }

        // Off the lock, which new connections need: there may be tens of thousands.
        return past with
        {
            BytesIn = past.BytesIn + live.Sum(connection => connection.BytesIn),
            BytesOut = past.BytesOut + live.Sum(
            connection => connection.BytesOut)
        };
    }

    private void Count(Dictionary<string, long> counts, string reason, long count)
    {
        lock (_lock)
        {
            var name = counts.ContainsKey(reason) || counts.Count < MaxReasons ? reason : "other";
            counts[name] = counts.GetValueOrDefault(name) + count;
        }
    }
}

/// <summary>Which port.</summary>
internal readonly record struct TrafficKey(string EdgeId, bool Udp, int Port)
{
    public string Proto => Udp ? "udp" : "tcp";
}
