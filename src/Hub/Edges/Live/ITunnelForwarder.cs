using Tunnel.Shared.Protocol.Messages;
using Tunnel.Shared.Transport;

namespace Tunnel.Hub.Edges.Live;

/// <summary>Takes what clients open in a tunnel to the upstreams. Called on the tunnel's read loop: must not block.</summary>
internal interface ITunnelForwarder
{
    /// <summary>A client has connected; the stream is attached or reset, now or later.</summary>
    void OnStreamOpened(EdgeTunnel tunnel, ITunnelStream stream, in StreamOpening opening);

    /// <summary>A UDP flow begins; null refuses it.</summary>
    IDatagramSink? OnSessionOpened(EdgeTunnel tunnel, ITunnelSession session, in StreamOpening opening);

    /// <summary>The edge turned clients away.</summary>
    void OnBlocked(EdgeTunnel tunnel, BlockedReport report);
}
