using System.Collections.Immutable;
using Tunnel.Hub.Targets;

namespace Tunnel.Hub.Traffic;

/// <summary>The traffic of one port of an edge, as far as the hub sees it or is told.</summary>
internal sealed class PortTraffic(TrafficKey key)
{
    // Reasons come from an edge, and a hostile one must not make the table grow.
    private const int MaxReasons = 64;

    private readonly Lock _lock = new();
    private readonly HashSet<ILiveConnection> _live = [];
    private readonly Dictionary<string, long> _blocked = new(StringComparer.Ordinal);
    private readonly Dictionary<string, long> _errors = new(StringComparer.Ordinal);
    private long _total;
    private long _pastBytesIn;
    private long _pastBytesOut;

    public TrafficKey Key => key;

    /// <summary>Whether the port's upstream works.</summary>
    public UpstreamHealth Health { get; } = new();

    /// <summary>Whether the port's upstream expects the PROXY header that it gets.</summary>
    public HeaderDoubt Header { get; } = new();

    /// <summary>How many new clients it admits; null: as many as come.</summary>
    public AdmissionStatus? Admission { get; set; }

    /// <summary>Adds a connection that has opened.</summary>
    public void Add(ILiveConnection connection)
    {
        lock (_lock)
        {
            _live.Add(connection);
            _total++;
        }
    }

    /// <summary>Removes a connection and adds the bytes that it has carried; further calls for the same connection do nothing.</summary>
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

    /// <summary>Counts connections that failed.</summary>
    /// <param name="reason">The reason, in camelCase.</param>
    /// <param name="count">The number of connections.</param>
    public void CountError(string reason, int count = 1) => Count(_errors, reason, count);

    /// <summary>Counts clients that were turned away.</summary>
    public void CountBlocked(string reason, long count) => Count(_blocked, reason, count);

    public IEnumerable<LiveConnection> Live()
    {
        ILiveConnection[] live;
        lock (_lock)
            live = [.. _live];
        return live.Select(connection => connection.Describe());
    }

    /// <summary>Returns the present status of the port.</summary>
    /// <param name="isListening">Whether the edge has the port bound.</param>
    /// <param name="name">The port's name in its policy.</param>
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
                Admission = Admission,
                ActiveConnections = live.Length,
                TotalConnections = _total,
                BytesIn = _pastBytesIn,
                BytesOut = _pastBytesOut,
                Blocked = _blocked.ToImmutableSortedDictionary(StringComparer.Ordinal),
                Errors = _errors.ToImmutableSortedDictionary(StringComparer.Ordinal),
            };
        }

        // Summed without the lock, which new connections need: there may be tens of thousands of connections.
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

/// <summary>Names a port of an edge.</summary>
internal readonly record struct TrafficKey(string EdgeId, bool Udp, int Port)
{
    public string Proto => Udp ? "udp" : "tcp";
}
