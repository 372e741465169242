using System.Collections.Concurrent;
using System.Net;
using Tunnel.Hub.Edges.Definitions;
using Tunnel.Shared.Protocol.Messages;

namespace Tunnel.Hub.Traffic;

/// <summary>The hub's traffic by edge and port, and the log of past connections. Any thread may use it.</summary>
internal sealed class TrafficRegistry
{
    private readonly ConcurrentDictionary<TrafficKey, PortTraffic> _ports = new();
    private long _lastId;
    private long _logDropped;

    /// <summary>The last connections of ports that log them.</summary>
    public ConnectionLog Log { get; } = new();

    /// <summary>The number of clients that an edge turned away without naming them, since there were too many.</summary>
    public long LogDropped => Interlocked.Read(ref _logDropped);

    /// <summary>Returns the number of the next connection.</summary>
    public long NextId() => Interlocked.Increment(ref _lastId);

    /// <summary>
    /// Returns a port's traffic, which is made at the first call. Only for assigned ports, so that a hostile edge can't make their number
    /// grow.
    /// </summary>
    public PortTraffic Of(string edgeId, bool udp, int port) =>
        _ports.GetOrAdd(new TrafficKey(edgeId, udp, port), static key => new PortTraffic(key));

    /// <summary>Returns a port's traffic, or null when there was none.</summary>
    public PortTraffic? Find(in TrafficKey port) => _ports.GetValueOrDefault(port);

    /// <summary>The ports that had traffic.</summary>
    public IEnumerable<PortTraffic> Ports => _ports.Values;

    /// <summary>All open connections, in no order.</summary>
    public IEnumerable<LiveConnection> Live() => _ports.Values.SelectMany(port => port.Live());

    /// <summary>Counts a client that the hub itself turned away, and logs it if the port wants that.</summary>
    public void NoteBlocked(string edgeId, bool udp, int port, string reason, IPEndPoint? client, PortPolicy policy, DateTimeOffset time)
    {
        var traffic = Of(edgeId, udp, port);
        traffic.CountBlocked(reason, 1);
        if (policy.LogConnections)
            Log.Add(Blocked(traffic.Key, reason, client?.ToString(), 1, time));
    }

    /// <summary>Counts the clients that an edge reports as turned away.</summary>
    /// <param name="edgeId">The id of the edge.</param>
    /// <param name="report">The edge's report.</param>
    /// <param name="policyOf">Returns the policy of a port; null when the port is not this edge's.</param>
    /// <param name="time">The present time.</param>
    public void NoteBlocked(string edgeId, BlockedReport report, Func<bool, int, PortPolicy?> policyOf, DateTimeOffset time)
    {
        foreach (var count in report.Counts)
        {
            if (policyOf(count.Proto == "udp", count.Port) is not null)
                Of(edgeId, count.Proto == "udp", count.Port).CountBlocked(count.Reason, count.Count);
        }

        foreach (var source in report.Sources)
        {
            if (policyOf(source.Proto == "udp", source.Port) is { LogConnections: true })
            {
                Log.Add(
                    Blocked(new TrafficKey(edgeId, source.Proto == "udp", source.Port), source.Reason, source.Source, source.Count, time));
            }
        }

        Interlocked.Add(ref _logDropped, report.Dropped);
    }

    /// <summary>Forgets the ports of an edge that is no longer allowed.</summary>
    public void Forget(string edgeId)
    {
        foreach (var key in _ports.Keys.Where(key => key.EdgeId == edgeId))
            _ports.TryRemove(key, out _);
    }

    private static ConnectionRecord Blocked(TrafficKey port, string reason, string? client, long count, DateTimeOffset time) => new()
    {
        Time = time,
        EdgeId = port.EdgeId,
        Port = port.Port,
        Proto = port.Proto,
        Client = client,
        Action = ConnectionAction.Blocked,
        Reason = reason,
        Count = count,
    };
}
