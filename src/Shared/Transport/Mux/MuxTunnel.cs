using System.Net;
using Microsoft.Extensions.Logging;
using Tunnel.Shared.Guarding;
using Tunnel.Shared.Protocol;
using Tunnel.Shared.Protocol.Messages;
using Tunnel.Shared.Protocol.Proxy;
using Tunnel.Shared.Transport.Moving;
using Tunnel.Shared.Transport.Moving.Tables;
using Tunnel.Shared.Transport.Mux.Core;
using Tunnel.Shared.Transport.Streams;
using Tunnel.Shared.Transport.Tls.Connections;

namespace Tunnel.Shared.Transport.Mux;

/// <summary>
/// A tunnel over one TLS connection, or one lane of a tunnel that has several: it joins a <see cref="MuxEndpoint"/>, which knows nothing of
/// it, to its connections (<see cref="TunnelLinks"/>), the clock and the owner.
/// </summary>
internal sealed class MuxTunnel : ITunnel, IMovingTunnel, IMuxEvents, IMuxCarrier
{
    private static readonly TimeSpan Tick = TimeSpan.FromSeconds(1);

    private readonly ILogger _logger;
    private readonly string _name;
    private readonly TunnelEnding _ending;
    private readonly ITunnelHandler _handler;
    private TaskCompletionSource? _pinged;

    public MuxTunnel(
        TlsConnection connection, string name, bool isEdge, TransportContext context, ITunnelHandler handler,
        ReadOnlyMemory<byte> received, StreamIds? ids = null, string? peer = null)
    {
        (_name, _handler, Facade) = (name, handler, this);
        _logger = context.LoggerFactory.CreateLogger("Tunnel.Transport");
        Endpoint = new MuxEndpoint(isEdge, context, this, this, ids, context.Flow.Kept.Open(peer ?? name));
        Moving = new MovableStreams(context, Core.Traffic, acknowledge: null, Core.Kept.Share);
        var changing = new SemaphoreSlim(1);
        Resumption = new TunnelResumption(this, changing, handler);
        Carried = new CarriedResumption(this, changing);
        _ending = new TunnelEnding(Endpoint, OnClosed) { Connection = connection };
        Links = new TunnelLinks(this, new TunnelLink(Endpoint, connection, Task.FromResult(received)), _ending, handler, _name, _logger);
    }

    public TransportKind Kind => TransportKind.TcpTls;

    public IPEndPoint RemoteEndPoint => Links.Current.Remote;

    public TunnelFeatures Features => Core.Terms.Features;

    public TimeSpan? RoundTripTime => Core.RoundTripTime;

    public int ActiveStreams => Endpoint.ActiveStreams;

    public int ActiveSessions => Endpoint.ActiveSessions;

    public TunnelCounters Counters => Core.Traffic.Snapshot();

    public TrafficMeter Traffic => Core.Traffic;

    public TunnelQueues Queues => Endpoint.Queues;

    public bool IsInDoubt => Links.Current.Doubt.IsOn && !Core.IsDetached && !IsDead;

    public void Suspect() => Links.Current.Doubt.Suspect();

    public long Heard => Core.Heard;

    public bool Ask()
    {
        if (IsLost || (Features & TunnelFeatures.Probe) == 0)
            return false;
        Endpoint.QueueProbe();
        Core.Wake();
        return true;
    }

    public bool IsLost => Core.IsDetached && !IsDead;

    public Task<TunnelEnd> Completion => _ending.Completion;

    public Task NumbersEnding => Core.Ids.Ending;

    /// <summary>The streams that may go on over another tunnel; those of its first lane, if this is a further one.</summary>
    public MovableStreams Moving { get; set; }

    /// <summary>The end of the mux that this tunnel carries.</summary>
    internal MuxEndpoint Endpoint { get; }

    internal MuxCore Core => Endpoint.Core;

    /// <summary>The tunnel that owners know: this one, or the one of which this is the first lane. Set before it is started.</summary>
    internal ITunnel Facade { get; set; }

    /// <summary>Passes from one connection to another.</summary>
    internal TunnelResumption Resumption { get; }

    /// <summary>Passes from a connection to a stream of another tunnel.</summary>
    internal CarriedResumption Carried { get; }

    /// <summary>The connections that carry it.</summary>
    internal TunnelLinks Links { get; }

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

        (Links.Current.Connection as TlsConnection)?.BecomeTunnel(Core.Context.Congestion);
        Links.BeginReading();
        Core.Wake();
    }

    /// <inheritdoc cref="MuxEndpoint.UseHub"/>
    public void UseHub(HubInfo? hub, Hello hello)
    {
        Resumption.TunnelId = Moving.TunnelId = hub?.TunnelId ?? "";
        Endpoint.UseHub(hub, hello);
    }

    public ITunnelStream? OpenStream(in StreamOpening opening, ILocalEndpoint endpoint, IStreamObserver? observer) =>
        this.Open(
            Core.Context, opening, endpoint, observer,
            static (self, in asked, end, told) => self.Endpoint.OpenStream(asked, end, told));

    public Task<int> HandOverStreamsAsync(ITunnel other) => this.HandOverAsync(other);

    public ITunnel? Successor => Moving.Successor;

    public ResetReason? MoveStream(StreamMove move, ITunnel other, ITunnelStream carrier) =>
        move.StreamId == StreamMove.Connection
            ? Carried.Take(move, other, carrier)
            : Moving.Take(move, carrier, (other as IMovingTunnel)?.Moving);

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

    public Task<ResumeOutcome> ResumeWithinAsync(ITunnel other, CancellationToken cancellationToken) =>
        Carried.ResumeWithinAsync(other, cancellationToken);

    public void RefuseResume() => Resumption.Refuse();

    public Task CloseAsync(TunnelEnd end) => CloseAsync(end, Task.CompletedTask);

    /// <summary>
    /// Closes the tunnel, whose close_notify waits for <paramref name="others"/> as well, within the 2 s that closing may take.
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
    internal uint UnsentInKernel => Links.Current.Connection.Tcp?.UnsentBytes ?? 0;

    // ---- calls of the mux to its carrier

    void IMuxCarrier.Send() => Links.Current.Send();

    void IMuxCarrier.Yield(Action continuation) => Links.Current.Connection.Loop.Yield().UnsafeOnCompleted(continuation);

    // ---- events of the mux

    void IMuxEvents.OnStreamOpened(IStreamCarrier stream, in StreamOpening opening) =>
        ((IHubTunnelHandler)_handler).OnStreamOpened(Facade, this.Accept(Core.Context, stream, opening), opening);

    IDatagramSink? IMuxEvents.OnSessionOpened(ITunnelSession session, in StreamOpening opening) =>
        ((IHubTunnelHandler)_handler).OnSessionOpened(Facade, session, opening);

    void IMuxEvents.OnPing() => _pinged?.TrySetResult();

    string? IMuxEvents.OnResume(ResumePoint? point) => Resumption.OnResume(point);

    void IMuxEvents.OnEnded(TunnelEnd end) => Links.Lose(end);

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

    // A tunnel takes its leave for all of its lanes.
    void IControlOwner.SendGoAway(string reason) => Facade.SendGoAway(reason);

    /// <summary>Ends the tunnel, because its peer broke the protocol.</summary>
    internal void Break(string violation)
    {
        TransportLog.ProtocolViolation(_logger, _name, RemoteEndPoint, violation);
        Terminate(new TunnelEnd(TunnelEndKind.ProtocolError, violation));
    }

    // This is a defect in this program: the tunnel can't be trusted any more.
    internal void Fail(Exception exception)
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
            TransportLog.PeerDoesNotRead(_logger, _name, RemoteEndPoint, end.Detail);
        if (end is { Kind: TunnelEndKind.ProtocolError } || (IsLost && end is not null))
            Terminate(end);
        if (IsDead || IsLost)
            return;

        Links.Current.Connection.Tcp?.FollowPath();
        Links.LookAtPeer();
        if (end is not null)
            Links.Lose(end);
        else
            Core.Wake();
    }
}
