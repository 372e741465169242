using System.Net;
using Tunnel.Shared.Transport;

namespace Tunnel.Edge.Connecting;

/// <summary>Counts how often tunnels are lost and go on, and tells another observer of everything.</summary>
internal sealed class TunnelLosses(ITunnelObserver next) : ITunnelObserver
{
    private long _lost;
    private long _resumed;

    /// <summary>How often a tunnel was lost and waited for another connection, or its streams for another tunnel.</summary>
    public long Lost => Volatile.Read(ref _lost);

    /// <summary>How often a tunnel has gone on over another connection, or its streams over another tunnel.</summary>
    public long Resumed => Volatile.Read(ref _resumed);

    public void OnConnected(IPEndPoint address, TransportKind transport, TransportChoice choice) =>
        next.OnConnected(address, transport, choice);

    public void OnLost(IPEndPoint address, TunnelEnd cause, int streams)
    {
        Interlocked.Increment(ref _lost);
        next.OnLost(address, cause, streams);
    }

    public void OnResumed(IPEndPoint address, in TunnelResumed resumed)
    {
        Interlocked.Increment(ref _resumed);
        next.OnResumed(address, resumed);
    }

    public void OnDisconnected(IPEndPoint address, TunnelEnd end) => next.OnDisconnected(address, end);
}
