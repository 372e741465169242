using System.Net;
using Microsoft.Extensions.Logging;
using Tunnel.Hub.Edges.Presence;
using Tunnel.Hub.Events;
using Tunnel.Shared.Transport;

namespace Tunnel.Hub.Edges.Live;

/// <summary>Logs and reports tunnels that come and go. A connection that turned out to be a lane is not reported.</summary>
internal sealed class TunnelNews(Lock registryLock, HubEventFeed events, TimeProvider time, ILogger logger)
{
    private long _lost;
    private long _resumed;

    /// <summary>How often a tunnel was lost and waited for another connection, or its streams for another tunnel.</summary>
    public long Lost => Volatile.Read(ref _lost);

    /// <summary>How often a tunnel has gone on over another connection, or its streams over another tunnel.</summary>
    public long Resumed => Volatile.Read(ref _resumed);

    /// <summary>Reports a new tunnel. A second call does nothing.</summary>
    public void Announce(EdgeTunnel live)
    {
        lock (registryLock)
        {
            if (live.IsAnnounced)
                return;
            live.IsAnnounced = true;
        }

        LiveEdgesLog.TunnelConnected(logger, live.EdgeId, live.Remote, live.Tunnel!.Kind.Word());
        events.Post(new TunnelConnectedEvent(live.EdgeId, live.Remote, live.Tunnel.Kind) { Time = time.GetUtcNow() });
        events.Post(new PortsAssignedEvent(live.EdgeId, live.Config.ListenPorts, live.Config.ListenPortsUdp) { Time = time.GetUtcNow() });
    }

    /// <summary>Reports that a tunnel is lost and that so many streams wait.</summary>
    public void TellLost(EdgeTunnel live, TunnelEnd cause, int streams)
    {
        Interlocked.Increment(ref _lost);
        events.Post(new TunnelLostEvent(live.EdgeId, live.Remote, cause, streams) { Time = time.GetUtcNow() });
    }

    /// <summary>Reports that a tunnel goes on over another connection, or its streams over another tunnel.</summary>
    public void TellResumed(EdgeTunnel live, IPEndPoint remote, in TunnelResumed resumed)
    {
        Interlocked.Increment(ref _resumed);
        events.Post(new TunnelResumedEvent(live.EdgeId, remote, resumed.Streams, resumed.BytesAgain, resumed.LostFor.TotalSeconds)
        {
            Time = time.GetUtcNow(),
        });
    }

    /// <summary>Reports the end of a tunnel.</summary>
    /// <param name="live">The tunnel.</param>
    /// <param name="end">Why it ended.</param>
    /// <param name="gone">The edge's presence when this was its last tunnel, else null.</param>
    public void TellEnd(EdgeTunnel live, TunnelEnd end, EdgePresence? gone)
    {
        if (live.IsAnnounced)
        {
            LiveEdgesLog.TunnelDisconnected(logger, live.EdgeId, live.Remote, end.Kind, end.Detail);
            events.Post(new TunnelDisconnectedEvent(live.EdgeId, live.Remote, end) { Time = time.GetUtcNow() });
        }

        if (gone is null)
            return;
        events.Post(new EdgeDisconnectedEvent(live.EdgeId, end)
        {
            Time = gone.LastSeen,
            State = gone.Condition,
            Remote = live.Remote,
            ConnectedSince = gone.ConnectedSince,
        });
    }
}
