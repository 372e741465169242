using System.Net;
using Microsoft.Extensions.Logging;
using Tunnel.Shared.Guarding;
using Tunnel.Shared.Protocol.Frames;
using Tunnel.Shared.Protocol.Messages;
using Tunnel.Shared.Sockets;
using Tunnel.Shared.Transport.Mux.Core;
using Tunnel.Shared.Transport.Streams;
using Tunnel.Shared.Transport.Tls.Connections;

namespace Tunnel.Shared.Transport.Mux;

// Over 300 lines: it is where the mux's events, the owner's calls and the connection meet; each call is a line or two.
/// <summary>
/// A tunnel over one TLS connection, or one lane of a tunnel that has several: it joins a <see cref="MuxEndpoint"/>, which knows nothing of
/// it, to the connection, the clock and the owner. <see cref="FrameReader"/> and <see cref="FrameWriter"/> move the bytes.
/// </summary>
internal sealed class MuxTunnel : ITunnel, IMuxEvents, IMuxCarrier
{
    private static readonly TimeSpan Tick = TimeSpan.FromSeconds(1);

    private readonly ILogger _logger;
    private readonly string _name;
    private readonly TunnelEnding _ending;
    private readonly ITunnelHandler _handler;

    // Guards the change from one connection to another, so that whoever finds the tunnel lost finds what to wait for too.
    private readonly Lock _change = new();
    private volatile TunnelLink _link;
    private volatile PeerDoubt _doubt;
    private Task _quiet = Task.CompletedTask;
    private TaskCompletionSource? _pinged;

    public MuxTunnel(
        TlsConnection connection,
        string name,
        bool isEdge,
        TransportContext context,
        ITunnelHandler handler,
        ReadOnlyMemory<byte> received,
        StreamIds? ids = null)
    {
        _name = name;
        _logger = context.LoggerFactory.CreateLogger("Tunnel.Transport");
        Facade = this;
        _doubt = new PeerDoubt(context.NowMilliseconds);
        _handler = handler;
        Endpoint = new MuxEndpoint(isEdge, context, this, this, ids);
        Resumption = new TunnelResumption(this, handler);
        _link = new TunnelLink(Endpoint, connection, Task.FromResult(received));
        _ending = new TunnelEnding(Endpoint, OnClosed) { Connection = connection };
    }

    public TransportKind Kind => TransportKind.TcpTls;

    public IPEndPoint RemoteEndPoint => _link.Remote;

    public TunnelFeatures Features => Core.Terms.Features;

    public TimeSpan? RoundTripTime => Core.RoundTripTime;

    public int ActiveStreams => Endpoint.ActiveStreams;

    public int ActiveSessions => Endpoint.ActiveSessions;

    public TunnelCounters Counters => Core.Traffic.Snapshot();

    public TunnelQueues Queues => Endpoint.Queues;

    public bool IsInDoubt => _doubt.IsOn && !Core.IsDetached && !IsDead;

    public void Suspect() => _doubt.Suspect();

    public long Heard => Core.Heard;

    public void Ask()
    {
        if (IsLost || (Features & TunnelFeatures.Probe) == 0)
            return;
        Endpoint.QueueProbe();
        Core.Wake();
    }

    public bool IsLost => Core.IsDetached && !IsDead;

    public Task<TunnelEnd> Completion => _ending.Completion;

    public Task NumbersEnding => Core.Ids.Ending;

    /// <summary>The end of the mux that this tunnel carries.</summary>
    internal MuxEndpoint Endpoint { get; }

    internal MuxCore Core => Endpoint.Core;

    /// <summary>The tunnel that owners know: this one, or the one of which this is the first lane. Set before it is started.</summary>
    internal ITunnel Facade { get; set; }

    /// <summary>Passes from one connection to another.</summary>
    internal TunnelResumption Resumption { get; }

    internal EventLoop Loop => _link.Connection.Loop;

    internal bool IsDead => Core.IsDead;

    /// <summary>Completes when nothing is read any more.</summary>
    internal Task Reading => _ending.Reading;

    // ---- owner's calls

    public void Start()
    {
        if (!Resumption.TryGoOnAlone())
            Begin(null);
    }

    /// <summary>Starts to read and write; to resume another tunnel, if HELLO says so.</summary>
    internal void Begin(ResumeHello? resume)
    {
        lock (Core.Sync)
        {
            if (IsDead)
                return;

            // HELLO is not sent earlier, because a dial that lost and was closed before its start must not replace the winner at the hub.
            Endpoint.SayHello(resume);
            _ending.Clock = Core.Context.Time.CreateGuardedTimer(static self => self.OnTick(), this, Tick, Tick);
        }

        _link.Connection.BecomeTunnel(Core.Context.Congestion);
        SetReading(_link).SetResult();
        Core.Wake();
    }

    /// <inheritdoc cref="MuxEndpoint.UseHub"/>
    public void UseHub(HubInfo? hub, Hello hello)
    {
        Resumption.TunnelId = hub?.TunnelId ?? "";
        Endpoint.UseHub(hub, hello);
    }

    public ITunnelStream? OpenStream(in StreamOpening opening, ILocalEndpoint endpoint, IStreamObserver? observer) =>
        Endpoint.OpenStream(opening, endpoint, observer);

    public ITunnelSession? OpenSession(in StreamOpening opening, IDatagramSink sink) => Endpoint.OpenSession(opening, sink);

    public void SendConfig(TunnelConfig config) => Endpoint.SendConfig(config);

    public void SendReport(Report report) => Endpoint.SendReport(report);

    public void SendGoAway(string reason) => Endpoint.SendGoAway(reason, 0);

    public Task WaitForStreamsAsync(CancellationToken cancellationToken) => Endpoint.WaitForStreamsAsync().WaitAsync(cancellationToken);

    public async Task<bool> ProbeAsync(TimeSpan timeout, CancellationToken cancellationToken)
    {
        // There is no use in waiting for an answer without a connection.
        if (IsLost)
            return false;
        try
        {
            await Endpoint.AskForPong().WaitAsync(timeout, Core.Context.Time, cancellationToken);
            return true;
        }
        catch (TimeoutException)
        {
            return false;
        }
    }

    public Task<ResumeOutcome> ResumeOverAsync(ITunnel other, CancellationToken cancellationToken) =>
        other is MuxTunnel mux
            ? Resumption.ResumeOverAsync(mux, cancellationToken)
            : Task.FromResult(ResumeOutcome.NotPossible);

    public Task<ResumeOutcome> AcceptResumeAsync(ITunnel connection, ResumePoint peer) =>
        connection is MuxTunnel mux ? Resumption.AcceptAsync(mux, peer) : Task.FromResult(ResumeOutcome.NotPossible);

    public void RefuseResume() => Resumption.Refuse();

    public Task CloseAsync(TunnelEnd end) => CloseAsync(end, Task.CompletedTask);

    /// <summary>
    /// Closes the tunnel like <see cref="CloseAsync(TunnelEnd)"/>, but its close_notify waits for <paramref name="others"/>, within the
    /// same 2 s.
    /// </summary>
    internal Task CloseAsync(TunnelEnd end, Task others) => _ending.CloseAsync(end, others);

    /// <summary>Ends the tunnel at once, without an orderly close.</summary>
    internal void Terminate(TunnelEnd end) => _ending.Terminate(end);

    public async ValueTask DisposeAsync() => await CloseAsync(new TunnelEnd(TunnelEndKind.Closed, "closed"));

    // ---- as a lane

    /// <summary>
    /// Edge, before the start: completes with the hub's first PING, by which the hub accepts the lane, or when the tunnel has ended.
    /// </summary>
    internal Task WaitForPing() => (_pinged = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;

    /// <summary>Bytes that wait in the kernel to be sent.</summary>
    internal uint UnsentInKernel => _link.Connection.Tcp.UnsentBytes;

    // ---- calls of the mux to its carrier

    void IMuxCarrier.Send() => _link.Send();

    void IMuxCarrier.Yield(Action continuation) => Loop.Yield().UnsafeOnCompleted(continuation);

    // ---- events of the mux

    void IMuxEvents.OnStreamOpened(ITunnelStream stream, in StreamOpening opening) =>
        ((IHubTunnelHandler)_handler).OnStreamOpened(Facade, stream, opening);

    IDatagramSink? IMuxEvents.OnSessionOpened(ITunnelSession session, in StreamOpening opening) =>
        ((IHubTunnelHandler)_handler).OnSessionOpened(Facade, session, opening);

    void IMuxEvents.OnPing() => _pinged?.TrySetResult();

    string? IMuxEvents.OnResume(ResumePoint? point) => Resumption.OnResume(point);

    void IMuxEvents.OnEnded(TunnelEnd end) => Lose(end);

    void IMuxEvents.OnBug(Exception exception) => Fail(exception);

    void IMuxEvents.OnDefect(Exception exception) => TransportLog.Defect(_logger, exception, _name);

    void IControlOwner.OnConfig(TunnelConfig config)
    {
        if (!Resumption.TryHold(config))
            ((IEdgeTunnelHandler)_handler).OnConfig(Facade, config);
    }

    // A lane is handed over as the connection that it is.
    void IControlOwner.OnHello(Hello hello)
    {
        if (!Resumption.TryHold(hello))
            ((IHubTunnelHandler)_handler).OnHello(hello.Lane is null ? Facade : this, hello with { Resume = null });
    }

    void IControlOwner.OnReport(Report report) => ((IHubTunnelHandler)_handler).OnReport(Facade, report);

    void IControlOwner.OnGoAway(GoAway goAway) => _handler.OnGoAway(Facade, goAway);

    // Sent for all lanes.
    void IControlOwner.SendGoAway(string reason) => Facade.SendGoAway(reason);

    // ---- from one connection to another

    /// <summary>Notes that the connection is lost, or is to be given up, and waits until nobody uses it any more.</summary>
    /// <returns>What to tell the peer; null when the tunnel has ended.</returns>
    internal async Task<ResumePoint?> DetachAsync(TunnelEnd cause)
    {
        Lose(cause);
        Task quiet;
        lock (_change)
        {
            if (!IsLost)
                return null;
            quiet = _quiet;
        }

        await quiet;
        return Endpoint.Change.OnQuiet();
    }

    /// <summary>Ends this tunnel once what it had to say is sent, and gives its connection to another one.</summary>
    /// <returns>Null when the connection has ended before.</returns>
    internal async Task<TunnelLink?> HandToAsync(MuxTunnel other)
    {
        var end = new TunnelEnd(TunnelEndKind.Closed, "its connection takes the place of a lost one");
        do
            await Core.WaitIdleAsync();
        while (!_ending.TryLeave(end) && !IsDead);
        return Core.End == end ? _link.HandTo(other.Endpoint, Reading) : null;
    }

    /// <summary>Goes on over another connection.</summary>
    /// <returns>False when that is not possible any more; the connection is then closed.</returns>
    internal bool TryAdopt(TunnelLink link, ResumePoint peer)
    {
        TaskCompletionSource reading;
        TunnelResumed? attached;
        lock (_change)
        {
            (_link, _ending.Connection, _doubt) = (link, link.Connection, new PeerDoubt(Core.Context.NowMilliseconds));
            attached = Endpoint.Change.Attach(peer);
            reading = attached is null ? new TaskCompletionSource() : SetReading(link);
        }

        if (attached is not { } resumed)
        {
            link.Close();
            Terminate(Core.Lost ?? new TunnelEnd(TunnelEndKind.ConnectionLost, "it ended before it could be resumed"));
            return false;
        }

        TransportLog.Resumed(
            _logger, _name, link.Remote, resumed.LostFor.TotalSeconds, resumed.Streams, resumed.BytesAgain);
        Tell(() => _handler.OnResumed(Facade, resumed));

        // Nothing can be lost before its owner knows that it goes on: nothing is read or sent yet.
        lock (Core.Sync)
            Core.Speak();
        reading.SetResult();
        Core.Wake();
        return true;
    }

    /// <summary>Ends the tunnel, because its peer broke the protocol.</summary>
    internal void Break(string violation)
    {
        TransportLog.ProtocolViolation(_logger, _name, RemoteEndPoint, violation);
        Terminate(new TunnelEnd(TunnelEndKind.ProtocolError, violation));
    }

    // The connection is lost: the tunnel waits for another one if it may, else it ends.
    private void Lose(TunnelEnd end)
    {
        var told = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        TunnelLink? lost = null;
        lock (_change)
        {
            if (IsLost)
                return;
            if (MayOutlive(end) && Endpoint.Change.TryDetach(end))
            {
                lost = _link;
                _ending.Connection = null;
                _quiet = BeQuietAsync(_ending.Reading, told.Task);
            }
        }

        var waits = false;
        if (lost is not null)
        {
            lost.Close();
            Tell(() => waits = _handler.OnLost(Facade, end));
        }

        if (waits)
            TransportLog.Lost(_logger, _name, lost!.Remote, end.Kind, end.Detail, Core.Terms.ResumeGrace.TotalSeconds);
        else
            Terminate(end);
        told.SetResult();
    }

    private bool MayOutlive(TunnelEnd end) =>
        Core.Kept.IsOn && !Core.IsPeerFinal && !Core.IsEnding && !Resumption.IsAsking
            && end.Kind is TunnelEndKind.ConnectionLost or TunnelEndKind.PeerClosed or TunnelEndKind.Timeout;

    /// <param name="reading">Completes when nothing is read any more.</param>
    /// <param name="told">Completes when the owner knows of the loss, so that it hears of what follows behind it.</param>
    private async Task BeQuietAsync(Task reading, Task told)
    {
        await reading;
        await Core.WaitIdleAsync();
        await told;
    }

    private void Tell(Action tell)
    {
        try
        {
            tell();
        }
        catch (Exception e)
        {
            // A defect of the owner's must not leave the tunnel between two connections.
            TransportLog.Defect(_logger, e, _name);
        }
    }

    // The task must be there before anything is read: what is read may give the connection to another tunnel, which waits for it.
    private TaskCompletionSource SetReading(TunnelLink link)
    {
        var start = new TaskCompletionSource();
        _ending.Reading = ReadAsync(start.Task, link);
        return start;
    }

    private async Task ReadAsync(Task start, TunnelLink link)
    {
        await start;
        try
        {
            var end = await link.ReadAsync(isFirst: true);
            while (end is null && await Resumption.ReadsOnAsync())
                end = await link.ReadAsync(isFirst: false);
            if (end is not null)
                Lose(end);
        }
        catch (Exception e) when (e is FrameViolationException or RecordFloodException)
        {
            Break(e.Message);
        }
        catch (Exception e) when (TlsConnection.IsLoss(e))
        {
            Lose(new TunnelEnd(TunnelEndKind.ConnectionLost, e.InnerException?.Message ?? e.Message));
        }
        catch (Exception e)
        {
            Fail(e);
        }
    }

    // This is a defect in this program: the tunnel can't be trusted any more.
    private void Fail(Exception exception)
    {
        TransportLog.Bug(_logger, exception, _name);
        Terminate(new TunnelEnd(TunnelEndKind.ConnectionLost, $"internal error: {exception.Message}"));
    }

    private void OnClosed(TunnelEnd end)
    {
        TransportLog.Ended(_logger, _name, RemoteEndPoint, end.Kind, end.Detail);
        _pinged?.TrySetResult();
        Resumption.OnEnded();
    }

    private void OnTick()
    {
        if (IsDead)
            return;
        var end = Endpoint.Tick();
        if (end is { Kind: TunnelEndKind.ProtocolError })
        {
            TransportLog.PeerDoesNotRead(_logger, _name, RemoteEndPoint, end.Detail);
            Terminate(end);
            return;
        }

        if (IsLost)
        {
            if (end is not null)
                Terminate(end);
            return;
        }

        _link.Connection.Tcp.FollowPath();
        if (Core.IsEdge && _link.Connection.Tcp.RoundTrip is { } roundTrip)
            Core.NoteRoundTrip(roundTrip);
        if (Core.IsEdge ? (Features & TunnelFeatures.Probe) != 0 : ((IHubTunnelHandler)_handler).WatchesEdge)
            LookAtPeer(Core.Context.NowMilliseconds);
        if (end is not null)
            Lose(end);
        else
            Core.Wake();
    }

    private void LookAtPeer(long now)
    {
        var traffic = Counters;
        var carried = traffic.BytesSent + traffic.BytesReceived + traffic.StreamsOpened;
        switch (_doubt.Look(now, Core.Heard, _link.Connection.Tcp.AcknowledgedBytes, carried))
        {
            case DoubtStep.Ask when Core.IsEdge:
                Endpoint.QueueProbe();
                break;
            case DoubtStep.Ask:
                Endpoint.QueuePing();
                break;
            case DoubtStep.Doubt:
                TransportLog.InDoubt(_logger, _name, RemoteEndPoint, PeerDoubt.AnswerMilliseconds / 1000);
                _handler.OnDoubt(Facade);
                break;
        }
    }
}
