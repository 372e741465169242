using Tunnel.Shared.Guarding;
using Tunnel.Shared.Transport;

namespace Tunnel.Edge.Connecting;

/// <summary>Sums up what all tunnels of the process have carried, including those that have ended.</summary>
internal sealed class TunnelTotals
{
    private readonly Lock _lock = new();
    private readonly HashSet<ITunnel> _open = [];
    private readonly EndedTunnels _past = new();

    public int ActiveStreams => Sum(tunnel => tunnel.ActiveStreams);

    public int ActiveSessions => Sum(tunnel => tunnel.ActiveSessions);

    /// <summary>Counts <paramref name="tunnel"/> as open until it has ended.</summary>
    public void Add(ITunnel tunnel)
    {
        lock (_lock)
            _open.Add(tunnel);
        RemoveAsync(tunnel).Guard("counting tunnels");
    }

    /// <summary>The number of tunnels that have not ended.</summary>
    public int Open => Sum(_ => 1);

    /// <summary>The number of connections of the open tunnels.</summary>
    public int Lanes => Sum(tunnel => tunnel.Lanes);

    /// <summary>Returns what all tunnels have carried, including those that have ended.</summary>
    public TunnelCounters GetCounters()
    {
        lock (_lock)
            return _open.Aggregate(_past.Sum, (sum, tunnel) => sum.Plus(tunnel.Counters));
    }

    /// <summary>Returns how much is waiting in the open tunnels.</summary>
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
            _past.Add(tunnel);
        }
    }

    private int Sum(Func<ITunnel, int> what)
    {
        lock (_lock)
            return _open.Sum(what);
    }
}
