using Tunnel.Hub.Edges.Live;
using Tunnel.Shared.Protocol.Messages;
using Tunnel.Shared.Transport;

namespace Tunnel.Hub.Forwarding;

/// <summary>Connects the registry of tunnels to the forwarding.</summary>
internal sealed class TunnelForwarder(PortGate gate, StreamForwarder streams, SessionForwarder sessions) : ITunnelForwarder
{
    public void OnStreamOpened(EdgeTunnel tunnel, ITunnelStream stream, in StreamOpening opening) =>
        streams.OnStreamOpened(tunnel, stream, opening);

    public IDatagramSink? OnSessionOpened(EdgeTunnel tunnel, ITunnelSession session, in StreamOpening opening) =>
        sessions.OnSessionOpened(tunnel, session, opening);

    public void OnBlocked(EdgeTunnel tunnel, BlockedReport report)
    {
        var now = streams.Time.GetUtcNow();
        gate.Traffic.NoteBlocked(tunnel.EdgeId, report, (udp, port) => tunnel.FindPort(udp, port, now), now);
    }
}
