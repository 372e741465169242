using Tunnel.Hub.Edges.Allowed;
using Tunnel.Hub.Edges.Live;
using Tunnel.Hub.Edges.State;
using Tunnel.Shared.Guarding;
using Tunnel.Shared.Sockets;

namespace Tunnel.Hub.Accepting;

/// <summary>Dials the edges that await their hub (dial: hub), each in a loop of its own, as long as they are defined so.</summary>
internal sealed class EdgeDialer : IDisposable
{
    private readonly EdgeStore _edges;
    private readonly DialNeeds _needs;
    private readonly DialWays _ways;
    private readonly Lock _lock = new();
    private readonly Dictionary<string, DialLoop> _loops = new(StringComparer.Ordinal);
    private AddressWatch? _addresses;
    private bool _isStopped;

    public EdgeDialer(EdgeStore edges, DialNeeds needs, DialWays ways) => (_edges, _needs, _ways) = (edges, needs, ways);

    /// <summary>Starts to dial.</summary>
    public void Start()
    {
        _edges.Changed += OnChanged;
        _needs.Changed += OnNeeds;
        if (_ways.Leases is { } leases)
        {
            leases.IsInUse = id => _needs.StateOf(id) != DialState.Nothing;
            leases.Changed += OnLease;
        }

        _addresses = new AddressWatch(_needs.Suspect, _ways.Logger);
        foreach (var id in _edges.Current.Keys)
            Apply(id);
        _ways.Leases?.Begin();
    }

    /// <summary>Returns the state of the dialling of an edge; empty for one that is not dialled.</summary>
    public DialStatus StatusOf(string edgeId)
    {
        lock (_lock)
            return _loops.GetValueOrDefault(edgeId)?.Status ?? default;
    }

    /// <summary>Returns how often each edge was dialled since it was defined so, or the hub started.</summary>
    public IReadOnlyList<DialCount> Counts
    {
        get
        {
            lock (_lock)
                return [.. _loops.Values.Select(static loop => loop.Count)];
        }
    }

    /// <summary>
    /// Ends all dialling; tunnels stay. Another hub that shares the state may dial an edge once this one's tunnel takes nothing new.
    /// </summary>
    public void Leave()
    {
        StopDialling();
        _ways.Leases?.Leave();
    }

    /// <summary>Ends all dialling; tunnels stay.</summary>
    public void Dispose()
    {
        StopDialling();
        _needs.Changed -= OnNeeds;
    }

    private void StopDialling()
    {
        _edges.Changed -= OnChanged;
        if (_ways.Leases is { } leases)
            leases.Changed -= OnLease;
        _addresses?.Dispose();
        lock (_lock)
        {
            _isStopped = true;
            foreach (var loop in _loops.Values)
                loop.Stop();
            _loops.Clear();
        }
    }

    private void OnNeeds(string id, int wanted)
    {
        lock (_lock)
        {
            _loops.GetValueOrDefault(id)?.OnNeeds(wanted);
            if (!_isStopped)
                return;
        }

        _ways.Leases?.LookSoon();
    }

    private void OnLease(string id) => OnNeeds(id, 0);

    private void OnChanged(EdgeSetChange change)
    {
        foreach (var id in change.Added.Concat(change.Updated).Concat(change.Removed))
            Apply(id);
    }

    private void Apply(string id)
    {
        lock (_lock)
        {
            var target = _edges.Find(id) is { Enabled: true } edge ? edge.DialTarget : null;
            if (_isStopped || (_loops.TryGetValue(id, out var loop) && loop.Target == target))
                return;
            var isMoving = _loops.Remove(id, out loop);
            if (loop is not null)
            {
                loop.Stop();
                if (target is null)
                    _ways.Leases?.Remove(id);
            }

            if (target is null)
                return;

            _ways.Leases?.Add(id);
            loop = new DialLoop(id, target, _needs, _ways, isMoving);
            _loops.Add(id, loop);
            loop.RunAsync().Guard("dialling an edge");
        }
    }
}
