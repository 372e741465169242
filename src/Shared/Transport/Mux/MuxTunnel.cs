using System.Net;
using Microsoft.Extensions.Logging;
using Tunnel.Shared.Guarding;
using Tunnel.Shared.Protocol.Frames;
using Tunnel.Shared.Protocol.Messages;
using Tunnel.Shared.Protocol.Scheduling;
using Tunnel.Shared.Sockets;
using Tunnel.Shared.Transport.Handshake;
using Tunnel.Shared.Transport.Streams;
using Tunnel.Shared.Transport.Tls.Connections;

namespace Tunnel.Shared.Transport.Mux;

/// <summary>
/// A tunnel over one TLS connection, or one lane of a tunnel that has several: the frame protocol of protocol.md sections 3 to 5. It owns the streams and
/// what they share, and its own beginning and end; <see cref="FrameReader"/> and <see cref="FrameWriter"/> move the bytes, <see cref="InboundFrames"/>
/// knows what frames mean. <see cref="Sync"/> guards tables, scheduler and stream states; it is held for moments, never over I/O nor a call to an owner.
/// </summary>
internal sealed class MuxTunnel : ITunnel
{
    private static readonly TimeSpan Tick = TimeSpan.FromSeconds(1);

    private readonly TlsConnection _connection;
    private readonly ReadOnlyMemory<byte> _received;
    private readonly ILogger _logger;
    private readonly string _name;
    private readonly FrameReader _reader;
    private readonly TunnelEnding _ending;
    private readonly Departure _departure;
    private readonly UnfinishedStreams _unfinished = new();
    private readonly ITunnelHandler _handler;
    private readonly PeerDoubt _doubt;
    private long _heard;
    private TaskCompletionSource? _pinged;
    private ITimer? _timer;
    private byte[]? _hello;
    private long _roundTripTicks;

    public MuxTunnel(TlsConnection connection, string name, bool isEdge, TransportContext context, ITunnelHandler handler, ReadOnlyMemory<byte> received, StreamIds? ids = null)
    {
        _connection = connection;
        _name = name;
        _received = received;
        _logger = context.LoggerFactory.CreateLogger("Tunnel.Transport");
        IsEdge = isEdge;
        Context = context;
        RemoteEndPoint = (IPEndPoint)connection.Socket.RemoteEndPoint!;
        Terms = new TunnelTerms(context.Options.InitialWindow, TunnelProtocol.FeaturesOf(context));
        Ids = ids ?? new StreamIds();
        Facade = this;
        Active = new ActiveStreams(context.Flow);
        Liveness = new Liveness(context.NowMilliseconds);
        Control = new TunnelControl(this);
        Traffic = new TrafficMeter(context);
        Datagrams = new DatagramQuota(context.Flow.Datagrams);
        Endings = UnsentEndings.For(isEdge);
        _departure = new Departure(context);
        _doubt = new PeerDoubt(context.NowMilliseconds);
        _handler = handler;
        _ending = new TunnelEnding(this, connection);
        Writer = new FrameWriter(this, connection);
        _reader = new FrameReader(this, connection, new FrameDispatcher(this, new InboundFrames(this, handler)));
    }

    public TransportKind Kind => TransportKind.TcpTls;

    public IPEndPoint RemoteEndPoint { get; }

    public TunnelFeatures Features => Terms.Features;

    public TimeSpan? RoundTripTime => Volatile.Read(ref _roundTripTicks) is > 0 and var ticks ? TimeSpan.FromTicks(ticks) : null;

    public int ActiveStreams => _unfinished.Count;

    public int ActiveSessions
    {
        get
        {
            lock (Sync)
                return Table.Sessions;
        }
    }

    public TunnelCounters Counters => Traffic.Snapshot();

    public TunnelQueues Queues
    {
        get
        {
            lock (Sync)
                return new TunnelQueues(Control.QueuedBytes, Datagrams.Used, Scheduler.ReadyFlows - Scheduler.ReadySustained, Scheduler.ReadySustained);
        }
    }

    public bool IsInDoubt => _doubt.IsOn && !IsDead;

    public Task<TunnelEnd> Completion => _ending.Completion;

    public Task NumbersEnding => Ids.Ending;

    // ---- shared with streams, sessions, reader and writer; guarded by Sync where not said otherwise

    internal Lock Sync { get; } = new();

    internal StreamTable Table { get; } = new();

    /// <summary>Edge: where its streams get their numbers.</summary>
    internal StreamIds Ids { get; }

    /// <summary>The tunnel that owners know: this one, or the one of which it is the first lane. Set before it is started.</summary>
    internal ITunnel Facade { get; set; }

    internal TierScheduler Scheduler { get; } = new();

    internal ActiveStreams Active { get; }

    internal Liveness Liveness { get; }

    internal TunnelControl Control { get; }

    internal TrafficMeter Traffic { get; }

    internal DatagramQuota Datagrams { get; }

    internal TunnelTerms Terms { get; }

    internal FrameWriter Writer { get; }

    internal TransportContext Context { get; }

    internal EventLoop Loop => _connection.Loop;

    internal bool IsEdge { get; }

    internal bool IsDead => _ending.IsOver;

    internal UnsentEndings Endings { get; }

    /// <summary>Hub: an OPEN that comes now is served.</summary>
    internal bool ServesOpensLocked => !_ending.IsWanted && _departure.ServesOpens;

    /// <summary>Completes when nothing is read any more.</summary>
    internal Task Reading { get; private set; } = Task.CompletedTask;

    // ---- owner's calls

    public void Start()
    {
        lock (Sync)
        {
            if (IsDead)
                return;
            // Not before: a dial's loser, closed before it was started, must not replace the winner at the hub.
            if (_hello is { } hello)
                Control.Hello(hello);
            _timer = Context.Time.CreateGuardedTimer(static self => self.OnTick(), this, Tick, Tick);
        }

        _connection.BecomeTunnel(Context.Congestion);
        Reading = ReadAsync();
        Writer.Request();
    }

    /// <summary>Edge: what the hub's first configuration says of it. The first frame is HELLO then.</summary>
    public void UseHub(HubInfo? hub, Hello hello)
    {
        if (hub is null)
            return;
        Terms.Accept(hub);
        _hello = ControlMessage.Serialize(hello);
    }

    public ITunnelStream? OpenStream(in StreamOpening opening, ILocalEndpoint endpoint, IStreamObserver? observer)
    {
        MuxStream stream;
        lock (Sync)
        {
            if (!MayOpenLocked || Ids.Next() is not (> 0 and var id))
                return null;
            stream = new MuxStream(this, id, opening, weOpen: true) { Observer = observer };
            AddLocked(stream);
            stream.AttachNew(endpoint);
            Scheduler.EnqueueControl(stream);
        }

        Writer.Request();
        return stream;
    }

    public ITunnelSession? OpenSession(in StreamOpening opening, IDatagramSink sink)
    {
        MuxSession session;
        lock (Sync)
        {
            if (!MayOpenLocked || Ids.Next() is not (> 0 and var id))
                return null;
            session = new MuxSession(this, id, opening, weOpen: true) { Sink = sink };
            Table.Add(session);
            Scheduler.EnqueueControl(session);
        }

        // The first datagram follows at once and goes into the same batch.
        return session;
    }

    public void SendConfig(TunnelConfig config)
    {
        lock (Sync)
            Control.Config(ControlMessage.Serialize(config));
        Writer.Request();
    }

    public void SendReport(Report report)
    {
        if (!Terms.IsExtended)
            return;
        lock (Sync)
            Control.Report(ControlMessage.Serialize(report, Terms.ReadsMessagePack));
        Writer.Request();
    }

    public void SendGoAway(string reason) => SendGoAway(reason, 0);

    /// <summary>The same; other lanes have had streams up to <paramref name="highest"/>.</summary>
    internal void SendGoAway(string reason, uint highest)
    {
        lock (Sync)
        {
            if (!_departure.TryAnnounce())
                return;
            if ((Features & TunnelFeatures.GoAway) != 0)
                Control.GoAway(ControlMessage.Serialize(new GoAway(reason, Math.Max(highest, Table.HighestStream))));
        }

        Writer.Request();
    }

    public Task WaitForStreamsAsync(CancellationToken cancellationToken)
    {
        lock (Sync)
        {
            return IsDead ? Task.CompletedTask : _unfinished.WaitAsync().WaitAsync(cancellationToken);
        }
    }

    public async Task<bool> ProbeAsync(TimeSpan timeout, CancellationToken cancellationToken)
    {
        Task answer;
        lock (Sync)
        {
            answer = Liveness.WaitForPong();
            SendPingLocked(Context.NowMilliseconds);
        }

        Writer.Request();
        try
        {
            await answer.WaitAsync(timeout, Context.Time, cancellationToken);
            return true;
        }
        catch (TimeoutException)
        {
            return false;
        }
    }

    public Task CloseAsync(TunnelEnd end) => CloseAsync(end, Task.CompletedTask);

    /// <summary>The same; the goodbye waits for <paramref name="others"/>, within the same 2 s.</summary>
    internal Task CloseAsync(TunnelEnd end, Task others) => _ending.CloseAsync(end, others);

    public async ValueTask DisposeAsync() => await CloseAsync(new TunnelEnd(TunnelEndKind.Closed, "closed"));

    // ---- as a lane

    /// <summary>True while streams can be opened.</summary>
    internal bool TakesNew => !IsDead && !_ending.IsWanted && !_departure.IsPeerLeaving && !_departure.IsAnnounced;

    /// <summary>Edge, before the start: completes with the hub's first PING, by which it says that a lane is accepted; or when the tunnel is over.</summary>
    internal Task WaitForPing() => (_pinged = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;

    /// <summary>Sends what waits on all lanes; null where there is only this.</summary>
    internal Action? FlushLanes { get; set; }

    /// <summary>New streams are not wanted here any more; the peer is told so on the first lane.</summary>
    /// <returns>The highest stream that there was.</returns>
    internal uint StopTakingNew()
    {
        lock (Sync)
        {
            _departure.TryAnnounce();
            return Table.HighestStream;
        }
    }

    /// <summary>Hub, from the read loop: says to an edge that its lane is accepted, or that we are there, when the round is over.</summary>
    internal void QueuePing()
    {
        lock (Sync)
            SendPingLocked(Context.NowMilliseconds);
    }

    /// <summary>Bytes that wait in the kernel.</summary>
    internal uint UnsentInKernel => _connection.Tcp.UnsentBytes;

    // ---- the end, from inside

    /// <summary>Ends the tunnel without ceremony.</summary>
    internal void Terminate(TunnelEnd end) => _ending.Terminate(end);

    /// <summary>A mistake of ours: the tunnel can't be trusted any more.</summary>
    internal void Fail(Exception exception)
    {
        TransportLog.Bug(_logger, exception, _name);
        Terminate(new TunnelEnd(TunnelEndKind.ConnectionLost, $"internal error: {exception.Message}"));
    }

    /// <summary>Something on the way to an end has thrown, an owner's callback most likely; the others are ended all the same.</summary>
    internal void NoteDefect(Exception exception) => TransportLog.Defect(_logger, exception, _name);

    internal async ValueTask StopTickingAsync()
    {
        if (_timer is { } timer)
            await timer.DisposeAsync();
    }

    /// <summary>All is closed: nobody waits for anything any longer.</summary>
    internal void OnEnded(TunnelEnd end)
    {
        TransportLog.Ended(_logger, _name, RemoteEndPoint, end.Kind, end.Detail);
        lock (Sync)
            _unfinished.ReleaseWaiting();
        _pinged?.TrySetResult();
    }

    // ---- notes, with the lock held where not said otherwise

    internal void AddLocked(MuxStream stream)
    {
        Table.Add(stream);
        _unfinished.Add();
        Traffic.CountOpened();
    }

    /// <summary>A stream or session is over and has something left to say: that is owed to the peer.</summary>
    internal void NoteOver(MuxNode node)
    {
        if (IsDead || node.IsOwed)
            return;
        node.IsOwed = true;
        Endings.Add();
    }

    /// <summary>A node has nothing left to say: the last of its control frames is in a batch, or not wanted any more.</summary>
    internal void NoteControlSent(MuxNode node, long now)
    {
        if (!node.IsOwed)
            return;
        node.IsOwed = false;
        Endings.OnSent(now);
    }

    /// <summary>Completes when the peer has taken enough of what it is owed. Without the lock.</summary>
    internal Task WaitForEndingsAsync()
    {
        lock (Sync)
            return IsDead ? Task.CompletedTask : Endings.WaitAsync();
    }

    internal void StreamFinished(MuxStream stream, in StreamEnd end)
    {
        if (!end.Completed)
            Traffic.CountReset();
        Active.Remove(stream);
        _unfinished.Finish();
    }

    /// <summary>Received bytes were written to the local peer. Without the lock.</summary>
    internal void OnDelivered(MuxStream stream, int bytes)
    {
        Traffic.CountReceived(bytes);
        var now = Context.NowMilliseconds;
        if (Mux.ActiveStreams.IsFresh(stream, now))
            return;
        lock (Sync)
        {
            if (!stream.State.IsGone)
                Active.Touch(stream, now);
        }
    }

    internal void NoteRoundTrip(TimeSpan roundTrip) => Volatile.Write(ref _roundTripTicks, Math.Max(1, roundTrip.Ticks));

    /// <summary>By the read loop: something came.</summary>
    internal void NoteHeard()
    {
        Liveness.OnReceived(Context.NowMilliseconds);
        Volatile.Write(ref _heard, _heard + 1);
    }

    internal void NotePing() => _pinged?.TrySetResult();

    /// <summary>Without the lock.</summary>
    /// <returns>False when it was known.</returns>
    internal bool TryNotePeerGoingAway()
    {
        lock (Sync)
            return _departure.TryNotePeerLeaving();
    }

    private bool MayOpenLocked => TakesNew && Endings.TryPass(Context.NowMilliseconds);

    private async Task ReadAsync()
    {
        try
        {
            Terminate(await _reader.RunAsync(_received));
        }
        catch (Exception e) when (e is FrameViolationException or RecordFloodException)
        {
            TransportLog.ProtocolViolation(_logger, _name, RemoteEndPoint, e.Message);
            Terminate(new TunnelEnd(TunnelEndKind.ProtocolError, e.Message));
        }
        catch (Exception e) when (TlsConnection.IsLoss(e))
        {
            Terminate(new TunnelEnd(TunnelEndKind.ConnectionLost, e.InnerException?.Message ?? e.Message));
        }
        catch (Exception e)
        {
            Fail(e);
        }
    }

    private void OnTick()
    {
        var now = Context.NowMilliseconds;
        List<MuxStream> idle;
        TunnelEnd? overdue;
        lock (Sync)
        {
            if (IsDead)
                return;
            overdue = Endings.IsOverdue(now) ? Endings.End : null;
            if (!IsEdge && Liveness.IsPingDue(now))
                SendPingLocked(now);
            idle = Active.TakeIdle(now);
        }

        if (overdue is not null)
        {
            TransportLog.PeerDoesNotRead(_logger, _name, RemoteEndPoint, overdue.Detail);
            Terminate(overdue);
            return;
        }

        foreach (var stream in idle)
            stream.Receiver.OnIdle();
        _connection.Tcp.FollowPath();
        if (IsEdge)
            LookAtHub(now);
        if (Liveness.IsDead(now))
            Terminate(new TunnelEnd(TunnelEndKind.Timeout, $"nothing heard for {Liveness.DeadMilliseconds / 1000} s"));
        else
            Writer.Request();
    }

    private void LookAtHub(long now)
    {
        if (_connection.Tcp.RoundTrip is { } roundTrip)
            NoteRoundTrip(roundTrip);
        if ((Features & TunnelFeatures.Probe) == 0)
            return;
        var traffic = Traffic.Snapshot();
        switch (_doubt.Look(now, Volatile.Read(ref _heard), _connection.Tcp.AcknowledgedBytes, traffic.BytesSent + traffic.BytesReceived + traffic.StreamsOpened))
        {
            case DoubtStep.Ask:
                lock (Sync)
                    Control.Probe();
                break;
            case DoubtStep.Doubt:
                TransportLog.InDoubt(_logger, _name, RemoteEndPoint, PeerDoubt.AnswerMilliseconds / 1000);
                ((IEdgeTunnelHandler)_handler).OnDoubt(Facade);
                break;
        }
    }

    private void SendPingLocked(long now) => Control.Ping(Liveness.MakePing(now, Context.Time.GetTimestamp(), empty: !Terms.IsExtended));
}
