using Tunnel.Shared.Protocol.Messages;
using Tunnel.Shared.Transport.Streams;

namespace Tunnel.Shared.Transport.Quic;

/// <summary>What the owner is told, one call at a time: streams come on msquic's worker, control frames on the pool.</summary>
internal sealed class InboundControl(QuicTunnel tunnel, ITunnelHandler handler)
{
    private readonly Lock _calls = new();
    private readonly ControlInbox _inbox = new(tunnel.Terms, tunnel.Context);

    public void OnStreamOpened(QuicStream stream, in StreamOpening opening)
    {
        lock (_calls)
            ((IHubTunnelHandler)handler).OnStreamOpened(tunnel, stream, opening);
    }

    /// <summary>UDP_OPEN.</summary>
    /// <returns>What is wrong, or null.</returns>
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

    /// <summary>HELLO: from now on the edge may open streams.</summary>
    /// <returns>What is wrong, or null.</returns>
    public string? OnHello(Hello hello)
    {
        if (tunnel.Terms.Accept(hello) is { } fault)
            return fault;
        lock (_calls)
            ((IHubTunnelHandler)handler).OnHello(tunnel, hello);
        tunnel.Connection.Handle.Apply(QuicTransport.KnownEdgeSettings(tunnel.Context));
        return null;
    }

    /// <summary>REPORT.</summary>
    /// <returns>What is wrong, or null.</returns>
    public string? OnReport(Report report)
    {
        if (_inbox.CheckReport() is { } fault)
            return fault;
        lock (_calls)
            ((IHubTunnelHandler)handler).OnReport(tunnel, report);
        return null;
    }

    public void OnGoAway(GoAway goAway)
    {
        if (!tunnel.TryNotePeerGoingAway())
            return;
        if (tunnel.IsEdge)
            tunnel.SendGoAway(goAway.Reason);
        lock (_calls)
            handler.OnGoAway(tunnel, goAway);
    }
}
