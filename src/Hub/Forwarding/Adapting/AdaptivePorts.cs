using System.Collections.Concurrent;
using Tunnel.Hub.Edges.Allowed;
using Tunnel.Hub.Targets.Pools;
using Tunnel.Hub.Traffic;
using Tunnel.Shared.Guarding;

namespace Tunnel.Hub.Forwarding.Adapting;

/// <summary>
/// Decides how many new clients the ports with <c>adaptive</c> admit. The edges are told, and enforce it. Any thread may use it.
/// </summary>
internal sealed class AdaptivePorts : IDisposable
{
    /// <summary>How often it looks which ports are due.</summary>
    public static readonly TimeSpan Tick = TimeSpan.FromSeconds(1);

    private static readonly Dictionary<int, int> None = [];

    private readonly ConcurrentDictionary<TrafficKey, AdaptivePort> _ports = new();
    private readonly Lock _lock = new();
    private readonly TrafficRegistry _traffic;
    private readonly TimeProvider _time;
    private readonly ITimer _timer;

    public AdaptivePorts(TrafficRegistry traffic, TimeProvider time)
    {
        (_traffic, _time) = (traffic, time);
        _timer = time.CreateGuardedTimer(static self => self.Evaluate(), this, Tick, Tick);
    }

    /// <summary>Raised with an edge's id when one of its ports admits more or fewer.</summary>
    public event Action<string>? Changed;

    /// <summary>Takes over the ports of an edge.</summary>
    /// <param name="edgeId">The id of the edge.</param>
    /// <param name="edge">The edge; null when it is no longer allowed.</param>
    public void Apply(string edgeId, AllowedEdge? edge)
    {
        var isChanged = false;
        lock (_lock)
        {
            var wanted = new HashSet<TrafficKey>();
            foreach (var port in edge is { Enabled: true } ? edge.TcpPorts : [])
            {
                if (edge!.PolicyFor(false, port).Adaptive is not { } settings)
                    continue;
                var key = new TrafficKey(edgeId, false, port);
                wanted.Add(key);
                var before = _ports.GetValueOrDefault(key);
                if (before?.Settings == settings)
                    continue;
                var now = before?.With(settings) ?? new AdaptivePort(settings, new LatencyWindow(_time), _time);
                isChanged |= before is not null;
                _ports[key] = now;
                _traffic.Of(edgeId, false, port).Admission = now.Describe(now.Window.P95());
            }

            foreach (var key in _ports.Keys.Where(key => key.EdgeId == edgeId && !wanted.Contains(key)))
            {
                _ports.TryRemove(key, out _);
                if (_traffic.Find(key) is { } traffic)
                    traffic.Admission = null;
            }
        }

        // The edge may have been told the rate of before, together with the other settings.
        if (isChanged)
            Changed?.Invoke(edgeId);
    }

    /// <summary>Notes how long a target took to accept a connection, or to answer a check, or until it was given up.</summary>
    public void Note(in TrafficKey port, TimeSpan latency)
    {
        if (_ports.TryGetValue(port, out var found))
            found.Window.Add(latency);
    }

    /// <inheritdoc cref="Note(in TrafficKey, TimeSpan)"/>
    public void NoteCheck(PoolKey pool, TimeSpan latency) => Note(new TrafficKey(pool.EdgeId, pool.Udp, pool.Port), latency);

    /// <summary>Returns the new connections a second of an edge's ports that adapt.</summary>
    public IReadOnlyDictionary<int, int> For(string edgeId) => _ports.IsEmpty
        ? None
        : _ports.Where(entry => entry.Key.EdgeId == edgeId)
            .ToDictionary(static entry => entry.Key.Port, static entry => entry.Value.PerSecond);

    /// <inheritdoc/>
    public void Dispose() => _timer.Dispose();

    private void Evaluate()
    {
        var changed = new HashSet<string>(StringComparer.Ordinal);
        lock (_lock)
        {
            foreach (var (key, port) in _ports)
            {
                var before = port.PerSecond;
                if (port.TryEvaluate() is not { } status)
                    continue;
                _traffic.Of(key.EdgeId, false, key.Port).Admission = status;
                if (status.Rate != before)
                    changed.Add(key.EdgeId);
            }
        }

        // The event is raised once for an edge, however many of its ports have changed.
        foreach (var edgeId in changed)
            Changed?.Invoke(edgeId);
    }
}
