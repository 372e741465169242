using Microsoft.Extensions.Logging;
using Tunnel.Hub.Events;
using Tunnel.Shared.Transport;

namespace Tunnel.Hub.Edges.Live;

/// <summary>Tells of tunnels that come and go. Of a connection that turned out to be a lane nobody hears.</summary>
internal sealed class TunnelNews(Lock registryLock, HubEventFeed events, TimeProvider time, ILogger logger)
{
    /// <summary>It is a tunnel. Called again it does nothing.</summary>
    public void Announce(EdgeTunnel live)
    {
        lock (registryLock)
        {
            if (live.IsAnnounced)
                return;
            live.IsAnnounced = true;
        }

        LiveEdgesLog.TunnelConnected(logger, live.EdgeId, live.Remote, live.Tunnel!.Kind);
        events.Post(new TunnelConnectedEvent(live.EdgeId, live.Remote, live.Tunnel.Kind) { Time = time.GetUtcNow() });
        events.Post(new PortsAssignedEvent(live.EdgeId, live.Config.ListenPorts, live.Config.ListenPortsUdp) { Time = time.GetUtcNow() });
    }

    /// <summary>It is over, and perhaps was the edge's last.</summary>
    public void TellEnd(EdgeTunnel live, TunnelEnd end, bool edgeGone)
    {
        if (live.IsAnnounced)
        {
            LiveEdgesLog.TunnelDisconnected(logger, live.EdgeId, live.Remote, end.Kind, end.Detail);
            events.Post(new TunnelDisconnectedEvent(live.EdgeId, live.Remote, end) { Time = time.GetUtcNow() });
        }

        if (edgeGone)
            events.Post(new EdgeDisconnectedEvent(live.EdgeId, end) { Time = time.GetUtcNow() });
    }
}
