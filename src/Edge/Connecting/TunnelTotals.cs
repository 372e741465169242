using Tunnel.Shared.Transport;

namespace Tunnel.Edge.Connecting;

/// <summary>What all tunnels of the process have carried, those that are over included.</summary>
internal sealed class TunnelTotals
{
    private readonly Lock _gate = new();
    private readonly HashSet<ITunnel> _open = [];
    private long _pastSent;
    private long _pastReceived;

    public int ActiveStreams => Sum(tunnel => tunnel.ActiveStreams);

    public int ActiveSessions => Sum(tunnel => tunnel.ActiveSessions);

    /// <summary>Counts <paramref name="tunnel"/> until it is over.</summary>
    public void Add(ITunnel tunnel)
    {
        lock (_gate)
            _open.Add(tunnel);
        _ = RemoveAsync(tunnel);
    }

    /// <summary>Bytes from clients, and to clients.</summary>
    public (long FromClients, long ToClients) GetBytes()
    {
        lock (_gate)
            return (_pastSent + _open.Sum(tunnel => tunnel.Counters.BytesSent), _pastReceived + _open.Sum(tunnel => tunnel.Counters.BytesReceived));
    }

    private async Task RemoveAsync(ITunnel tunnel)
    {
        await tunnel.Completion;
        lock (_gate)
        {
            _open.Remove(tunnel);
            _pastSent += tunnel.Counters.BytesSent;
            _pastReceived += tunnel.Counters.BytesReceived;
        }
    }

    private int Sum(Func<ITunnel, int> what)
    {
        lock (_gate)
            return _open.Sum(what);
    }
}
