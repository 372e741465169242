using Tunnel.Shared.Protocol;
using Tunnel.Shared.Protocol.Messages;
using Tunnel.Shared.Transport.Buffers;
using Tunnel.Shared.Transport.Mux.Core;
using Tunnel.Shared.Transport.Mux.Frames;
using Tunnel.Shared.Transport.Mux.Sessions;
using Tunnel.Shared.Transport.Mux.Streams;

namespace Tunnel.Shared.Transport.Mux;

// Over 300 lines: it joins the parts, and is what owners and carriers call; each call is a few lines.
/// <summary>
/// One end of a mux: the frame protocol of protocol.md sections 3 to 5 without anything that carries its bytes. The carrier passes received
/// bytes to <see cref="Frames"/>, sends what <see cref="Batch"/> fills, and calls <see cref="Tick"/> once a second. Members take the lock
/// where they need it.
/// </summary>
internal sealed class MuxEndpoint
{
    private readonly TunnelControl _control;
    private Hello? _hello;

    /// <summary>Creates one end with no open streams.</summary>
    /// <param name="isEdge">True for the edge's end, which opens streams.</param>
    /// <param name="context">The state that all tunnels of the process share.</param>
    /// <param name="events">The owner, which is told of events.</param>
    /// <param name="carrier">Sends the bytes.</param>
    /// <param name="ids">Edge: the source of stream ids; null for a source of its own.</param>
    /// <param name="share">The memory of the peer's tunnels, for this one until it ends; null for memory of its own.</param>
    public MuxEndpoint(
        bool isEdge, TransportContext context, IMuxEvents events, IMuxCarrier carrier, StreamIds? ids = null, KeptShare? share = null)
    {
        Core = new MuxCore(isEdge, context, events, carrier, ids, share);
        Streams = new MuxStreams(Core);
        Sessions = new MuxSessions(Core);
        Change = new LinkChange(Core);
        _control = new TunnelControl(Core);
        Batch = new FrameBatch(Core);
        Frames = new FrameDispatcher(Core, new InboundFrames(Core, Streams, Sessions));
    }

    public MuxCore Core { get; }

    public MuxStreams Streams { get; }

    public MuxSessions Sessions { get; }

    /// <summary>Passes from one connection to another.</summary>
    public LinkChange Change { get; }

    /// <summary>Takes the received bytes.</summary>
    public FrameDispatcher Frames { get; }

    /// <summary>Fills batches with the frames to send.</summary>
    public FrameBatch Batch { get; }

    public int ActiveStreams => Core.Unfinished.Count;

    public int ActiveSessions
    {
        get
        {
            lock (Core.Sync)
                return Sessions.Table.Count;
        }
    }

    public TunnelQueues Queues
    {
        get
        {
            lock (Core.Sync)
            {
                var scheduler = Core.Scheduler;
                var control = _control.QueuedBytes + Core.Link.QueuedBytes;
                return new TunnelQueues(
                    control, Core.Datagrams.Used, scheduler.ReadyFlows - scheduler.ReadySustained, scheduler.ReadySustained);
            }
        }
    }

    // ---- calls of the owner

    /// <summary>Edge: takes what the hub's first configuration says about the hub. With an extended hub the first frame is HELLO.</summary>
    public void UseHub(HubInfo? hub, Hello hello)
    {
        if (hub is null)
            return;
        lock (Core.Sync)
        {
            Core.Terms.Accept(hub);
            Core.OnTermsAgreed();
        }

        _hello = hello;
    }

    /// <summary>
    /// Queues HELLO, if there is one. If it names a tunnel that is to be resumed, nothing is sent behind it before the hub has answered.
    /// Called with the lock held.
    /// </summary>
    public void SayHello(ResumeHello? resume = null)
    {
        if (_hello is not { } hello)
            return;
        Core.Link.Hello(ControlMessage.Serialize(hello with { Resume = resume }));
        if (resume?.Point is { } point)
            Core.Link.ResumeAndStop(point.Write());
    }

    /// <summary>Does what <see cref="ITunnel.OpenStream"/> says.</summary>
    public MuxStream? OpenStream(in StreamOpening opening, ILocalEndpoint endpoint, IStreamObserver? observer)
    {
        MuxStream stream;
        lock (Core.Sync)
        {
            if (!Core.MayOpen || Core.Ids.Next() is not (> 0 and var id))
                return null;
            stream = new MuxStream(Streams, id, opening, weOpen: true) { Observer = observer };
            Streams.Add(stream);
            stream.AttachNew(endpoint);
            Core.Scheduler.EnqueueControl(stream);
        }

        Core.Wake();
        return stream;
    }

    /// <summary>Does what <see cref="ITunnel.OpenSession"/> says.</summary>
    public ITunnelSession? OpenSession(in StreamOpening opening, IDatagramSink sink)
    {
        MuxSession session;
        lock (Core.Sync)
        {
            if (!Core.MayOpen || Core.Ids.Next() is not (> 0 and var id))
                return null;
            session = new MuxSession(Sessions, id, opening, weOpen: true) { Sink = sink };
            Sessions.Table.Add(id, session);
            Core.Scheduler.EnqueueControl(session);
        }

        // Nothing is sent yet: the first datagram follows at once and goes into the same batch.
        return session;
    }

    public void SendConfig(TunnelConfig config)
    {
        lock (Core.Sync)
            _control.Config(ControlMessage.Serialize(config));
        Core.Wake();
    }

    /// <summary>Queues a report. It is dropped where the hub has announced no extensions.</summary>
    public void SendReport(Report report)
    {
        if (!Core.Terms.IsExtended)
            return;
        lock (Core.Sync)
            _control.Report(ControlMessage.Serialize(report, Core.Terms.ReadsMessagePack));
        Core.Wake();
    }

    /// <summary>Tells the peer once that no new streams are wanted.</summary>
    /// <param name="reason">The reason.</param>
    /// <param name="highest">The highest stream id of the other lanes, or 0.</param>
    public void SendGoAway(string reason, uint highest)
    {
        lock (Core.Sync)
        {
            if (!Core.Departure.TryAnnounce())
                return;
            if ((Core.Terms.Features & TunnelFeatures.GoAway) != 0)
                _control.GoAway(ControlMessage.Serialize(new GoAway(reason, Math.Max(highest, Streams.Highest))));
        }

        Core.Wake();
    }

    /// <summary>Stops taking new streams here; the peer is told on another lane.</summary>
    /// <returns>The highest stream id so far.</returns>
    public uint StopTakingNew()
    {
        lock (Core.Sync)
        {
            Core.Departure.TryAnnounce();
            return Streams.Highest;
        }
    }

    /// <summary>Queues PING; it goes with what is sent next.</summary>
    public void QueuePing()
    {
        lock (Core.Sync)
            Core.Link.Ping();
    }

    /// <summary>Queues PROBE; it goes with what is sent next.</summary>
    public void QueueProbe()
    {
        lock (Core.Sync)
            Core.Link.Probe();
    }

    /// <summary>Sends PING.</summary>
    /// <returns>Completes with the next PONG.</returns>
    public Task AskForPong()
    {
        Task answer;
        lock (Core.Sync)
        {
            answer = Core.Liveness.WaitForPong();
            Core.Link.Ping();
        }

        Core.Wake();
        return answer;
    }

    /// <summary>Completes when no stream is left, or when the tunnel has ended.</summary>
    public Task WaitForStreamsAsync()
    {
        lock (Core.Sync)
            return Core.IsDead ? Task.CompletedTask : Core.Unfinished.WaitAsync();
    }

    // ---- the clock

    /// <summary>Checks the time limits; to be called once a second.</summary>
    /// <returns>Why the tunnel can't go on, or null.</returns>
    public TunnelEnd? Tick()
    {
        var now = Core.Context.NowMilliseconds;
        List<MuxStream> idle;
        lock (Core.Sync)
        {
            if (Core.IsDead)
                return null;
            if (!Core.IsDetached && Core.Endings.IsOverdue(now))
                return Core.Endings.End;
            if (!Core.IsEdge && !Core.IsDetached && Core.Liveness.IsPingDue(now))
                Core.Link.Ping();
            idle = Streams.Active.TakeIdle(now);
        }

        foreach (var stream in idle)
            stream.Receiver.OnIdle();
        if (Core.Lost is { } lost)
            return now - Core.LostAt > Core.Terms.ResumeGrace.TotalMilliseconds ? lost : null;
        return Core.Liveness.IsDead(now)
            ? new TunnelEnd(TunnelEndKind.Timeout, $"nothing heard for {Liveness.DeadMilliseconds / 1000} s")
            : null;
    }

    // ---- the end

    /// <summary>Begins an orderly end. The first call resets the streams.</summary>
    public void BeginEnd(TunnelEnd end)
    {
        MuxStream[] streams;
        lock (Core.Sync)
        {
            var isFirst = Core.TryWant(end);
            streams = isFirst ? [.. Streams.All] : [];
            if (isFirst && Core.Kept.IsOn)
                Core.Link.Resume([.. ResumePoint.None]);
        }

        foreach (var stream in streams)
            Try(() => stream.Reset(ResetReason.ShuttingDown));
        Core.Wake();
    }

    /// <summary>Ends all streams and sessions as lost, after <see cref="MuxCore.TryEnd"/>.</summary>
    public void LoseAll()
    {
        MuxStream[] streams;
        MuxSession[] sessions;
        lock (Core.Sync)
        {
            streams = [.. Streams.All];
            sessions = [.. Sessions.Table.All];
        }

        foreach (var stream in streams)
            Try(stream.Life.OnTunnelLost);
        foreach (var session in sessions)
            Try(session.OnClosed);
    }

    /// <summary>Completes all waits for streams, because everything is closed.</summary>
    public void ReleaseWaiting()
    {
        lock (Core.Sync)
            Core.Unfinished.ReleaseWaiting();
    }

    // A stream that can't be ended must not keep the others or the tunnel from ending: callers that wait for the tunnel's end would wait
    // for ever.
    private void Try(Action end)
    {
        try
        {
            end();
        }
        catch (Exception e)
        {
            Core.Events.OnDefect(e);
        }
    }
}
