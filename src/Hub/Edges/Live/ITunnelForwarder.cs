using Tunnel.Shared.Protocol.Messages;
using Tunnel.Shared.Transport;

namespace Tunnel.Hub.Edges.Live;

/// <summary>Forwards what clients open in a tunnel to the upstreams. Called on the tunnel's read loop, so it must not block.</summary>
internal interface ITunnelForwarder
{
    /// <summary>Called when a client has connected; the stream is attached or reset, now or later.</summary>
    void OnStreamOpened(EdgeTunnel tunnel, ITunnelStream stream, in StreamOpening opening);

    /// <summary>Called when a UDP flow begins; returns null to refuse it.</summary>
    IDatagramSink? OnSessionOpened(EdgeTunnel tunnel, ITunnelSession session, in StreamOpening opening);

    /// <summary>Called when the edge has turned clients away.</summary>
    void OnBlocked(EdgeTunnel tunnel, BlockedReport report);
}
