using System.Collections.Concurrent;
using System.Net;
using Tunnel.Hub.Edges.Definitions;
using Tunnel.Shared.Protocol.Messages;

namespace Tunnel.Hub.Traffic;

/// <summary>What passes the hub, by edge and port, and the log of what has passed. Any thread may use it.</summary>
internal sealed class TrafficRegistry
{
    private readonly ConcurrentDictionary<TrafficKey, PortTraffic> _ports = new();
    private long _lastId;
    private long _logDropped;

    /// <summary>The last connections of ports that want them kept.</summary>
    public ConnectionLog Log { get; } = new();

    /// <summary>Clients turned away of which an edge could not say who they were, since there were too many.</summary>
    public long LogDropped => Interlocked.Read(ref _logDropped);

    /// <summary>The number of the next connection.</summary>
    public long NextId() => Interlocked.Increment(ref _lastId);

    /// <summary>
    /// A port's traffic; made at the first question. Only for ports that are assigned, so that a hostile edge can't have them grow.
    /// </summary>
    public PortTraffic Of(string edgeId, bool udp, int port) =>
        _ports.GetOrAdd(new TrafficKey(edgeId, udp, port), static key => new PortTraffic(key));

    /// <summary>A port's traffic, or null when there was none.</summary>
    public PortTraffic? Find(in TrafficKey port) => _ports.GetValueOrDefault(port);

    /// <summary>Ports that had traffic.</summary>
    public IEnumerable<PortTraffic> Ports => _ports.Values;

    /// <summary>All open connections, in no order.</summary>
    public IEnumerable<LiveConnection> Live() => _ports.Values.SelectMany(port => port.Live());

    /// <summary>The hub itself turned a client away.</summary>
    public void NoteBlocked(string edgeId, bool udp, int port, string reason, IPEndPoint? client, PortPolicy policy, DateTimeOffset time)
    {
        var traffic = Of(edgeId, udp, port);
        traffic.CountBlocked(reason, 1);
        if (policy.LogConnections)
            Log.Add(Blocked(traffic.Key, reason, client?.ToString(), 1, time));
    }

    /// <summary>An edge tells whom it turned away.</summary>
    /// <param name="edgeId">Which edge.</param>
    /// <param name="report">What it says.</param>
    /// <param name="policyOf">The policy of a port, null when it is not this edge's.</param>
    /// <param name="time">Now.</param>
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
                Log.Add(
                    Blocked(new TrafficKey(edgeId, source.Proto == "udp", source.Port), source.Reason, source.Source, source.Count, time));
        }

        Interlocked.Add(ref _logDropped, report.Dropped);
    }

    /// <summary>The edge is allowed no more.</summary>
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
