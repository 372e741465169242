using Tunnel.Shared.Protocol;
using Tunnel.Shared.Protocol.Frames;
using Tunnel.Shared.Protocol.Messages;
using Tunnel.Shared.Transport.Streams;

namespace Tunnel.Shared.Transport.Mux;

/// <summary>What the frames mean that <see cref="FrameDispatcher"/> has taken apart, beyond a single stream. Used by the read loop alone.</summary>
internal sealed class InboundFrames(MuxTunnel tunnel, ITunnelHandler handler)
{
    private readonly ControlInbox _inbox = new(tunnel.Terms, tunnel.Context);
    private IDatagramSink? _batch;

    public MuxStream? FindStream(in FrameHeader frame)
    {
        lock (tunnel.Sync)
            return tunnel.Table.FindStream(frame);
    }

    public MuxSession? FindSession(in FrameHeader frame)
    {
        lock (tunnel.Sync)
            return tunnel.Table.FindSession(frame);
    }

    /// <summary>All that had come is processed.</summary>
    public void OnRoundDone()
    {
        EndDatagrams();
        tunnel.NoteHeard();

        // Credit and answers of this round leave in one batch.
        tunnel.Writer.Request();
    }

    /// <summary>Whether an opening can be looked at now; if not, after <see cref="UnsentEndings.WaitAsync"/>.</summary>
    public bool TryPassOpening()
    {
        lock (tunnel.Sync)
            return tunnel.Endings.TryPass(tunnel.Context.NowMilliseconds);
    }

    public void OnOpen(in FrameHeader frame, in StreamOpening opening)
    {
        MuxStream stream;
        bool late;
        lock (tunnel.Sync)
        {
            tunnel.Table.CheckNewStream(frame);

            // What is opened now would never be ended: the streams were lost already.
            if (tunnel.IsDead)
                return;
            stream = new MuxStream(tunnel, frame.StreamId, opening, weOpen: false);
            tunnel.AddLocked(stream);
            late = !tunnel.ServesOpensLocked;
        }

        if (late)
            stream.Reset(ResetReason.ShuttingDown);
        else
            ((IHubTunnelHandler)handler).OnStreamOpened(tunnel.Facade, stream, opening);
    }

    public void OnUdpOpen(in FrameHeader frame, in StreamOpening opening)
    {
        MuxSession session;
        lock (tunnel.Sync)
        {
            tunnel.Table.CheckNewSession(frame);
            if (tunnel.IsDead)
                return;
            session = new MuxSession(tunnel, frame.StreamId, opening, weOpen: false);
            tunnel.Table.Add(session);
        }

        if (((IHubTunnelHandler)handler).OnSessionOpened(tunnel.Facade, session, opening) is { } sink)
            session.Sink = sink;
        else
            session.Close();
    }

    public void OnUdpData(in FrameHeader frame, ReadOnlySpan<byte> payload)
    {
        var sink = FindSession(frame)?.Sink;
        if (!ReferenceEquals(sink, _batch))
            EndDatagrams();
        if (sink is null)
        {
            tunnel.Traffic.Drops.Add(DatagramDrop.UnknownSession);
            return;
        }

        tunnel.Traffic.CountDatagramReceived(payload.Length);
        _batch = sink;
        sink.OnDatagramOfBatch(payload);
    }

    public void OnUdpClose(in FrameHeader frame)
    {
        EndDatagrams();
        FindSession(frame)?.OnClosed();
    }

    /// <summary>What came for one session in a row is its sink's to send: with the next session's datagrams, with anything that takes time, and at a round's end.</summary>
    public void EndDatagrams()
    {
        var sink = _batch;
        _batch = null;
        sink?.OnBatchEnd();
    }

    public void OnPing(ReadOnlySpan<byte> payload)
    {
        lock (tunnel.Sync)
            tunnel.Control.Pong(payload.ToArray());
        tunnel.NotePing();
    }

    public void OnProbe() => tunnel.QueuePing();

    public void OnPong(ReadOnlySpan<byte> payload)
    {
        lock (tunnel.Sync)
        {
            if (tunnel.Liveness.OnPong(payload) is { } sent)
                tunnel.NoteRoundTrip(tunnel.Context.Time.GetElapsedTime(sent));
        }
    }

    public void OnConfig(TunnelConfig config) => ((IEdgeTunnelHandler)handler).OnConfig(tunnel.Facade, config);

    /// <summary>HELLO.</summary>
    /// <returns>What is wrong, or null.</returns>
    public string? OnHello(Hello hello)
    {
        lock (tunnel.Sync)
        {
            if (tunnel.Terms.Accept(hello) is { } fault)
                return fault;
        }

        ((IHubTunnelHandler)handler).OnHello(tunnel.Facade, hello);
        return null;
    }

    /// <summary>REPORT.</summary>
    /// <returns>What is wrong, or null.</returns>
    public string? OnReport(Report report)
    {
        if (_inbox.CheckReport() is { } fault)
            return fault;
        ((IHubTunnelHandler)handler).OnReport(tunnel.Facade, report);
        return null;
    }

    public void OnGoAway(GoAway goAway)
    {
        if (!tunnel.TryNotePeerGoingAway())
            return;
        if (tunnel.IsEdge)
            tunnel.Facade.SendGoAway(goAway.Reason);
        handler.OnGoAway(tunnel.Facade, goAway);
    }
}
