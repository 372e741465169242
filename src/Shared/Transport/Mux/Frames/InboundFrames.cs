using Tunnel.Shared.Protocol;
using Tunnel.Shared.Protocol.Frames;
using Tunnel.Shared.Protocol.Messages;
using Tunnel.Shared.Transport.Mux.Core;
using Tunnel.Shared.Transport.Mux.Sessions;
using Tunnel.Shared.Transport.Mux.Streams;
using Tunnel.Shared.Transport.Streams;

namespace Tunnel.Shared.Transport.Mux.Frames;

/// <summary>
/// Handles the frames that <see cref="FrameDispatcher"/> has split off and that concern more than a single stream. Only the reader uses it.
/// </summary>
internal sealed class InboundFrames(MuxCore core, MuxStreams streams, MuxSessions sessions)
{
    private IDatagramSink? _batch;

    /// <summary>Takes CONFIG, HELLO, REPORT and GOAWAY.</summary>
    public ControlInbox Inbox { get; } = new(core.Sync, core.Terms, core.Departure, core.Context, core.IsEdge, core.Events);

    /// <summary>Whether streams of other tunnels may go on here.</summary>
    public bool Moves => (core.Terms.Features & TunnelFeatures.Move) != 0;

    public MuxStream? FindStream(in FrameHeader frame)
    {
        lock (core.Sync)
            return streams.Find(frame);
    }

    public MuxSession? FindSession(in FrameHeader frame)
    {
        lock (core.Sync)
            return sessions.Table.Find(frame);
    }

    /// <summary>Ends a round: all received bytes were processed.</summary>
    public void OnRoundDone()
    {
        EndDatagrams();
        core.NoteHeard();
        if (core.Kept.IsOn)
        {
            lock (core.Sync)
                core.Link.OnReceived(core.Received);
        }

        // Credit and answers of this round are sent in one batch.
        core.Wake();
    }

    /// <summary>Whether an opening can be processed now; if not, it can after <see cref="MuxCore.WaitForEndingsAsync"/>.</summary>
    public bool TryPassOpening()
    {
        lock (core.Sync)
            return core.Endings.TryPass(core.Context.NowMilliseconds);
    }

    public void OnOpen(in FrameHeader frame, in StreamOpening opening)
    {
        MuxStream stream;
        bool late;
        lock (core.Sync)
        {
            streams.CheckNew(frame);

            // A stream that is opened now would never be ended, because the streams were ended as lost already.
            if (core.IsDead)
                return;
            stream = new MuxStream(streams, frame.StreamId, opening, weOpen: false);
            streams.Add(stream);
            late = !core.ServesOpens;
        }

        if (late)
            stream.Reset(ResetReason.ShuttingDown);
        else
            core.Events.OnStreamOpened(stream, opening);
    }

    public void OnUdpOpen(in FrameHeader frame, in StreamOpening opening)
    {
        MuxSession session;
        lock (core.Sync)
        {
            sessions.Table.CheckNew(frame);
            if (core.IsDead)
                return;
            session = new MuxSession(sessions, frame.StreamId, opening, weOpen: false);
            sessions.Table.Add(session.Id, session);
        }

        if (core.Events.OnSessionOpened(session, opening) is { } sink)
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
            core.Traffic.Drops.Add(DatagramDrop.UnknownSession);
            return;
        }

        core.Traffic.CountDatagramReceived(payload.Length);
        _batch = sink;
        sink.OnDatagramOfBatch(payload);
    }

    public void OnUdpClose(in FrameHeader frame)
    {
        EndDatagrams();
        FindSession(frame)?.OnClosed();
    }

    /// <summary>
    /// Lets the sink send the datagrams that came in a row for one session. Called before the next session's datagrams, before anything
    /// that takes time, and at a round's end.
    /// </summary>
    public void EndDatagrams()
    {
        var sink = _batch;
        _batch = null;
        sink?.OnBatchEnd();
    }

    /// <summary>Handles CONFIG, HELLO, REPORT and GOAWAY.</summary>
    /// <returns>What is wrong with it, or null.</returns>
    public string? OnControl(FrameType type, ReadOnlySpan<byte> payload)
    {
        if (Inbox.Take(type, payload) is { } fault)
            return fault;
        if (type == FrameType.Hello)
        {
            lock (core.Sync)
                core.OnTermsAgreed();
        }

        return null;
    }

    public void OnPing(ReadOnlySpan<byte> payload)
    {
        lock (core.Sync)
            core.Link.Pong(payload.ToArray());
        core.Events.OnPing();
    }

    public void OnProbe()
    {
        lock (core.Sync)
            core.Link.Ping();
    }

    /// <summary>Handles RESUME.</summary>
    /// <returns>What is wrong with it, or null.</returns>
    public string? OnResume(ReadOnlySpan<byte> payload) =>
        ResumePoint.TryRead(payload, out var point, out var fault) ? core.Events.OnResume(point) : fault;

    /// <summary>Handles ACK.</summary>
    /// <returns>What is wrong with it, or null.</returns>
    public string? OnAck(long offset)
    {
        lock (core.Sync)
            return core.Kept.TryAcknowledge(offset) ? null : "acknowledges more than was sent";
    }

    public void OnPong(ReadOnlySpan<byte> payload)
    {
        lock (core.Sync)
        {
            if (core.Liveness.OnPong(payload) is { } sent)
                core.NoteRoundTrip(core.Context.Time.GetElapsedTime(sent));
        }
    }
}
