using Tunnel.Shared.Transport;

namespace Tunnel.Edge.Connecting;

/// <summary>What all tunnels of the process have carried, those that are over included.</summary>
internal sealed class TunnelTotals
{
    private readonly Lock _lock = new();
    private readonly HashSet<ITunnel> _open = [];
    private TunnelCounters _past;

    public int ActiveStreams => Sum(tunnel => tunnel.ActiveStreams);

    public int ActiveSessions => Sum(tunnel => tunnel.ActiveSessions);

    /// <summary>Counts <paramref name="tunnel"/> until it is over.</summary>
    public void Add(ITunnel tunnel)
    {
        lock (_lock)
            _open.Add(tunnel);
        _ = RemoveAsync(tunnel);
    }

    /// <summary>Tunnels that are not over.</summary>
    public int Open => Sum(_ => 1);

    /// <summary>Their connections.</summary>
    public int Lanes => Sum(tunnel => tunnel.Lanes);

    /// <summary>What all tunnels have carried, those that are over included.</summary>
    public TunnelCounters GetCounters()
    {
        lock (_lock)
            return _open.Aggregate(_past, (sum, tunnel) => sum.Plus(tunnel.Counters));
    }

    /// <summary>What waits in tunnels.</summary>
    public TunnelQueues GetQueues()
    {
        lock (_lock)
            return _open.Aggregate(default(TunnelQueues), (sum, tunnel) => sum.Plus(tunnel.Queues));
    }

    private async Task RemoveAsync(ITunnel tunnel)
    {
        await tunnel.Completion;
        lock (_lock)
        {
            _open.Remove(tunnel);
            _past = _past.Plus(tunnel.Counters);
        }
    }

    private int Sum(Func<ITunnel, int> what)
    {
        lock (_lock)
            return _open.Sum(what);
    }
}
