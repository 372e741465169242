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

/// <summary>
/// A tunnel over one TLS connection, or one lane of a tunnel that has several: it joins a <see cref="MuxEndpoint"/>, which knows nothing of
/// it, to the connection, the clock and the owner. <see cref="FrameReader"/> and <see cref="FrameWriter"/> move the bytes.
/// </summary>
internal sealed class MuxTunnel : ITunnel, IMuxEvents, IMuxCarrier
{
    private static readonly TimeSpan Tick = TimeSpan.FromSeconds(1);

    private readonly TlsConnection _connection;
    private readonly ReadOnlyMemory<byte> _received;
    private readonly ILogger _logger;
    private readonly string _name;
    private readonly FrameReader _reader;
    private readonly FrameWriter _writer;
    private readonly TunnelEnding _ending;
    private readonly ITunnelHandler _handler;
    private readonly PeerDoubt _doubt;
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
        _connection = connection;
        _name = name;
        _received = received;
        _logger = context.LoggerFactory.CreateLogger("Tunnel.Transport");
        RemoteEndPoint = (IPEndPoint)connection.Socket.RemoteEndPoint!;
        Facade = this;
        _doubt = new PeerDoubt(context.NowMilliseconds);
        _handler = handler;
        Endpoint = new MuxEndpoint(isEdge, context, this, this, ids);
        _ending = new TunnelEnding(Endpoint, connection, OnClosed);
        _writer = new FrameWriter(Core, Endpoint.Batch, connection);
        _reader = new FrameReader(Core, connection, Endpoint.Frames);
    }

    public TransportKind Kind => TransportKind.TcpTls;

    public IPEndPoint RemoteEndPoint { get; }

    public TunnelFeatures Features => Core.Terms.Features;

    public TimeSpan? RoundTripTime => Core.RoundTripTime;

    public int ActiveStreams => Endpoint.ActiveStreams;

    public int ActiveSessions => Endpoint.ActiveSessions;

    public TunnelCounters Counters => Core.Traffic.Snapshot();

    public TunnelQueues Queues => Endpoint.Queues;

    public bool IsInDoubt => _doubt.IsOn && !IsDead;

    public Task<TunnelEnd> Completion => _ending.Completion;

    public Task NumbersEnding => Core.Ids.Ending;

    /// <summary>The end of the mux that this tunnel carries.</summary>
    internal MuxEndpoint Endpoint { get; }

    internal MuxCore Core => Endpoint.Core;

    /// <summary>The tunnel that owners know: this one, or the one of which this is the first lane. Set before it is started.</summary>
    internal ITunnel Facade { get; set; }

    internal EventLoop Loop => _connection.Loop;

    internal bool IsDead => Core.IsDead;

    /// <summary>Completes when nothing is read any more.</summary>
    internal Task Reading => _ending.Reading;

    // ---- owner's calls

    public void Start()
    {
        lock (Core.Sync)
        {
            if (IsDead)
                return;

            // HELLO is not sent earlier, because a dial that lost and was closed before its start must not replace the winner at the hub.
            Endpoint.SayHello();
            _ending.Clock = Core.Context.Time.CreateGuardedTimer(static self => self.OnTick(), this, Tick, Tick);
        }

        _connection.BecomeTunnel(Core.Context.Congestion);
        _ending.Reading = ReadAsync();
        Core.Wake();
    }

    /// <inheritdoc cref="MuxEndpoint.UseHub"/>
    public void UseHub(HubInfo? hub, Hello hello) => Endpoint.UseHub(hub, hello);

    public ITunnelStream? OpenStream(in StreamOpening opening, ILocalEndpoint endpoint, IStreamObserver? observer) =>
        Endpoint.OpenStream(opening, endpoint, observer);

    public ITunnelSession? OpenSession(in StreamOpening opening, IDatagramSink sink) => Endpoint.OpenSession(opening, sink);

    public void SendConfig(TunnelConfig config) => Endpoint.SendConfig(config);

    public void SendReport(Report report) => Endpoint.SendReport(report);

    public void SendGoAway(string reason) => Endpoint.SendGoAway(reason, 0);

    public Task WaitForStreamsAsync(CancellationToken cancellationToken) => Endpoint.WaitForStreamsAsync().WaitAsync(cancellationToken);

    public async Task<bool> ProbeAsync(TimeSpan timeout, CancellationToken cancellationToken)
    {
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
    internal uint UnsentInKernel => _connection.Tcp.UnsentBytes;

    // ---- calls of the mux to its carrier

    void IMuxCarrier.Send() => _writer.Send();

    void IMuxCarrier.Yield(Action continuation) => _connection.Loop.Yield().UnsafeOnCompleted(continuation);

    // ---- events of the mux

    void IMuxEvents.OnStreamOpened(ITunnelStream stream, in StreamOpening opening) =>
        ((IHubTunnelHandler)_handler).OnStreamOpened(Facade, stream, opening);

    IDatagramSink? IMuxEvents.OnSessionOpened(ITunnelSession session, in StreamOpening opening) =>
        ((IHubTunnelHandler)_handler).OnSessionOpened(Facade, session, opening);

    void IMuxEvents.OnPing() => _pinged?.TrySetResult();

    string? IMuxEvents.OnResume(ResumePoint? point) => null;

    void IMuxEvents.OnEnded(TunnelEnd end) => Terminate(end);

    void IMuxEvents.OnBug(Exception exception) => Fail(exception);

    void IMuxEvents.OnDefect(Exception exception) => TransportLog.Defect(_logger, exception, _name);

    void IControlOwner.OnConfig(TunnelConfig config) => ((IEdgeTunnelHandler)_handler).OnConfig(Facade, config);

    // A lane is handed over as the connection that it is.
    void IControlOwner.OnHello(Hello hello) => ((IHubTunnelHandler)_handler).OnHello(hello.Lane is null ? Facade : this, hello);

    void IControlOwner.OnReport(Report report) => ((IHubTunnelHandler)_handler).OnReport(Facade, report);

    void IControlOwner.OnGoAway(GoAway goAway) => _handler.OnGoAway(Facade, goAway);

    // Sent for all lanes.
    void IControlOwner.SendGoAway(string reason) => Facade.SendGoAway(reason);

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

        _connection.Tcp.FollowPath();
        if (Core.IsEdge)
            LookAtHub(Core.Context.NowMilliseconds);
        if (end is not null)
            Terminate(end);
        else
            Core.Wake();
    }

    private void LookAtHub(long now)
    {
        if (_connection.Tcp.RoundTrip is { } roundTrip)
            Core.NoteRoundTrip(roundTrip);
        if ((Features & TunnelFeatures.Probe) == 0)
            return;
        var traffic = Counters;
        var carried = traffic.BytesSent + traffic.BytesReceived + traffic.StreamsOpened;
        switch (_doubt.Look(now, Core.Heard, _connection.Tcp.AcknowledgedBytes, carried))
        {
            case DoubtStep.Ask:
                Endpoint.QueueProbe();
                break;
            case DoubtStep.Doubt:
                TransportLog.InDoubt(_logger, _name, RemoteEndPoint, PeerDoubt.AnswerMilliseconds / 1000);
                ((IEdgeTunnelHandler)_handler).OnDoubt(Facade);
                break;
        }
    }
}
