using Tunnel.Shared.Protocol;
using Tunnel.Shared.Protocol.Frames;
using Tunnel.Shared.Protocol.Messages;
using Tunnel.Shared.Transport.Moving;
using Tunnel.Shared.Transport.Quic.Control;
using Tunnel.Shared.Transport.Quic.Streams;
using Tunnel.Shared.Transport.Streams;

namespace Tunnel.Shared.Transport.Quic;

/// <summary>
/// Passes events to the owner, one call at a time: streams come on a worker of msquic, control frames on the thread pool.
/// </summary>
internal sealed class InboundControl(QuicTunnel tunnel, ITunnelHandler handler) : IControlOwner, IControlFrames
{
    private readonly Lock _calls = new();

    public void OnStreamOpened(QuicStream stream, in StreamOpening opening)
    {
        if (tunnel.Moves && !tunnel.Moving.TryOpen(stream.Id))
        {
            stream.Reset(ResetReason.ShuttingDown);
            return;
        }

        var opened = tunnel.Accept(tunnel.Context, stream, opening);
        lock (_calls)
            ((IHubTunnelHandler)handler).OnStreamOpened(tunnel, opened, opening);
    }

    public string? OnAck(ReadOnlySpan<byte> payload) => tunnel.Moving.OnAcknowledged(payload);

    public bool IsOver => tunnel.IsDead;

    public bool TryPassOpening() => tunnel.Control.TryPassOpening();

    public Task WaitForEndingsAsync() => tunnel.Control.WaitForEndingsAsync();

    public void OnFrame() => tunnel.Watch.NoteHeard();

    public void OnUdpClose(uint id) => tunnel.Sessions.OnPeerClosed(id);

    public void OnPing(ReadOnlySpan<byte> payload) => tunnel.Control.Send(FrameType.Pong, payload);

    public void OnPong(ReadOnlySpan<byte> payload) => tunnel.Watch.OnPong(payload);

    public void OnProbe() => tunnel.Watch.SendPing();

    public string? OnUdpOpen(uint id, in StreamOpening opening)
    {
        if (tunnel.Sessions.TryAddPeers(id, opening, out var fault) is not { } session)
            return fault;
        IDatagramSink? sink;
        lock (_calls)
            sink = ((IHubTunnelHandler)handler).OnSessionOpened(tunnel, session, opening);
        if (sink is null)
            session.Close();
        else
            tunnel.Sessions.Accept(session, sink);
        return null;
    }

    public void OnConfig(TunnelConfig config)
    {
        lock (_calls)
            ((IEdgeTunnelHandler)handler).OnConfig(tunnel, config);
    }

    /// <summary>Takes the edge's HELLO; from now on the edge may open streams.</summary>
    public void OnHello(Hello hello)
    {
        lock (_calls)
            ((IHubTunnelHandler)handler).OnHello(tunnel, hello);
        tunnel.Connection.Handle.Apply(QuicTransport.KnownEdgeSettings(tunnel.Context));
    }

    public void OnReport(Report report)
    {
        lock (_calls)
            ((IHubTunnelHandler)handler).OnReport(tunnel, report);
    }

    public void OnGoAway(GoAway goAway)
    {
        lock (_calls)
            handler.OnGoAway(tunnel, goAway);
    }

    public void SendGoAway(string reason) => tunnel.SendGoAway(reason);
}
