using System.Net;
using Microsoft.Extensions.Logging;
using Tunnel.Shared.Protocol;
using Tunnel.Shared.Protocol.Frames;
using Tunnel.Shared.Protocol.Messages;
using Tunnel.Shared.Protocol.Scheduling;

namespace Tunnel.Shared.Transport.Tls;

/// <summary>
/// A tunnel over one TLS connection: the frame protocol of protocol.md sections 3 to 5. It owns the streams and what they share; <see cref="FrameReader"/>
/// and <see cref="FrameWriter"/> move the bytes. <see cref="Sync"/> guards tables, scheduler and stream states; it is held for moments, never over I/O nor
/// a call to an owner.
/// </summary>
internal sealed class MuxTunnel : ITunnel
{
    /// <summary>Largest DATA payload that we accept: with its header it fills four TLS records.</summary>
    public const int AnnouncedMaxFrame = 64 << 10;

    /// <summary>The credit that a stream has both ways with a base peer (protocol.md section 4).</summary>
    public const int BaseWindow = 4 << 20;

    /// <summary>Bytes of datagrams that may wait in the whole tunnel.</summary>
    private const int MaxQueuedDatagrams = 4 << 20;

    private const long ActiveMilliseconds = 2_000;
    private const long GoAwayGraceMilliseconds = 5_000;
    private const int MaxReportsPerSecond = 20;

    // Twice what an edge may have open: so many ends can wait at once for good reason (an upstream dies), and not many more.
    private const int MaxEndingsUnsent = 128 << 10;
    private static readonly TimeSpan Tick = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan CloseTimeout = TimeSpan.FromSeconds(2);

    private readonly TlsConnection _connection;
    private readonly ITunnelHandler _handler;
    private readonly ReadOnlyMemory<byte> _received;
    private readonly ILogger _logger;
    private readonly string _name;
    private readonly StreamTable _table = new();
    private readonly TunnelControl _control;
    private readonly Liveness _liveness;
    private readonly List<MuxStream> _active = [];
    private readonly TaskCompletionSource<TunnelEnd> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly FrameReader _reader;
    private ITimer? _timer;
    private Task _reading = Task.CompletedTask;
    private TaskCompletionSource? _streamsGone;
    private TunnelEnd? _end;
    private TunnelEnd? _closing;
    private bool _extended;
    private bool _helloSeen;
    private bool _peerGoingAway;
    private long _goAwaySentAt = -1;
    private long _reportWindow;
    private int _reports;
    private int _unfinished;
    private int _queuedDatagramBytes;
    private long _roundTripTicks;
    private long _bytesSent;
    private long _bytesReceived;
    private long _streamsOpened;
    private long _streamsReset;
    private long _datagramsSent;
    private long _datagramsReceived;
    private long _datagramsDropped;

    public MuxTunnel(TlsConnection connection, string name, bool isEdge, TransportContext context, ITunnelHandler handler, ReadOnlyMemory<byte> received)
    {
        _connection = connection;
        _name = name;
        _handler = handler;
        _received = received;
        _logger = context.LoggerFactory.CreateLogger("Tunnel.Transport");
        IsEdge = isEdge;
        Context = context;
        RemoteEndPoint = (IPEndPoint)connection.Socket.RemoteEndPoint!;
        Writer = new FrameWriter(this, connection);
        _control = new TunnelControl(this);
        _reader = new FrameReader(this, connection, new FrameDispatcher(this));
        _liveness = new Liveness(context.NowMilliseconds);
    }

    public TransportKind Kind => TransportKind.TcpTls;

    public IPEndPoint RemoteEndPoint { get; }

    public TunnelFeatures Features { get; private set; }

    public TimeSpan? RoundTripTime => Volatile.Read(ref _roundTripTicks) is > 0 and var ticks ? TimeSpan.FromTicks(ticks) : null;

    public int ActiveStreams => Volatile.Read(ref _unfinished);

    public int ActiveSessions
    {
        get
        {
            lock (Sync) return _table.Sessions;
        }
    }

    public Task<TunnelEnd> Completion => _completion.Task;

    public TunnelCounters Counters => new()
    {
        BytesSent = Volatile.Read(ref _bytesSent),
        BytesReceived = Volatile.Read(ref _bytesReceived),
        StreamsOpened = Volatile.Read(ref _streamsOpened),
        StreamsReset = Volatile.Read(ref _streamsReset),
        DatagramsSent = Volatile.Read(ref _datagramsSent),
        DatagramsReceived = Volatile.Read(ref _datagramsReceived),
        DatagramsDropped = Volatile.Read(ref _datagramsDropped),
    };

    // ---- shared with streams, sessions, reader and writer

    internal Lock Sync { get; } = new();

    internal TierScheduler Scheduler { get; } = new();

    internal FrameWriter Writer { get; }

    internal TransportContext Context { get; }

    internal bool IsEdge { get; }

    internal bool IsDead => _end is not null;

    /// <summary>Streams and sessions that are over here, but whose RESET or UDP_CLOSE waits to be sent. Under the lock.</summary>
    internal int EndingsUnsent { get; set; }

    /// <summary>Largest DATA payload that the peer accepts.</summary>
    internal int PeerMaxFrame { get; private set; } = FrameRules.BaseMaxData;

    /// <summary>Credit that the peer gives a new stream.</summary>
    internal int PeerInitialWindow { get; private set; } = BaseWindow;

    /// <summary>Credit that we have announced for a new stream.</summary>
    internal int OwnInitialWindow => _extended ? Context.Options.InitialWindow : BaseWindow;

    internal int OwnMaxFrame => AnnouncedMaxFrame;

    /// <summary>Largest DATA payload that is accepted now.</summary>
    internal int ReceiveLimit => _extended ? AnnouncedMaxFrame : FrameRules.BaseMaxData;

    // ---- life

    public void Start()
    {
        lock (Sync)
        {
            if (IsDead) return;
            _timer = Context.Time.CreateTimer(static state => ((MuxTunnel)state!).OnTick(), this, Tick, Tick);
        }

        _reading = ReadAsync();
        Writer.Request();
    }

    /// <summary>Edge: what the hub's first configuration says of it. The first frame is HELLO then.</summary>
    public void UseHub(HubInfo? hub, Hello hello)
    {
        if (hub is null) return;
        _extended = true;
        PeerMaxFrame = Math.Clamp(hub.MaxFrame, 1024, FrameRules.BaseMaxData);
        PeerInitialWindow = Math.Clamp(hub.InitialWindow, 0, 1 << 30);
        Features = FeatureNames.Parse(hub.Features) & TlsTunnel.SupportedFeatures;
        lock (Sync) _control.Message(FrameType.Hello, ControlMessage.Serialize(hello));
    }

    public async Task CloseAsync(TunnelEnd end)
    {
        MuxStream[] streams;
        lock (Sync)
        {
            if (_closing is not null || IsDead) streams = [];
            else streams = [.. _table.AllStreams];
            _closing ??= end;
        }

        foreach (var stream in streams) stream.Reset(ResetReason.ShuttingDown);
        Writer.Request();
        using var timeout = new CancellationTokenSource(CloseTimeout, Context.Time);
        var isIdle = await IgnoreLossAsync(Writer.WaitIdleAsync().WaitAsync(timeout.Token));
        if (!TryEnd(end))
        {
            await Completion;
            return;
        }

        LoseStreams();

        // Not into the middle of a batch that the peer does not take.
        if (isIdle) await IgnoreLossAsync(SayGoodbyeAsync(timeout.Token));
        await FinishAsync(_end!);
    }

    private async Task SayGoodbyeAsync(CancellationToken cancellationToken)
    {
        await _connection.Stream.ShutdownAsync().WaitAsync(cancellationToken);
        _connection.Socket.Shutdown(System.Net.Sockets.SocketShutdown.Send);
        await _reading.WaitAsync(cancellationToken);
    }

    // A peer that is gone or takes nothing: closing is all that is left.
    private static async Task<bool> IgnoreLossAsync(Task task)
    {
        try
        {
            await task;
            return true;
        }
        catch (Exception e) when (e is OperationCanceledException or IOException or System.Net.Sockets.SocketException or ObjectDisposedException or InvalidOperationException)
        {
            return false;
        }
    }

    public async ValueTask DisposeAsync() => await CloseAsync(new TunnelEnd(TunnelEndKind.Closed, "closed"));

    /// <summary>Ends the tunnel without ceremony.</summary>
    internal void Terminate(TunnelEnd end)
    {
        if (!TryEnd(end)) return;
        LoseStreams();
        _ = FinishAsync(_end!);
    }

    /// <summary>Something on the way to an end has thrown, an owner's callback most likely; the others are ended all the same.</summary>
    internal void NoteDefect(Exception exception) => TransportLog.Defect(_logger, exception, _name);

    internal void Fail(Exception exception)
    {
        TransportLog.Bug(_logger, exception, _name);
        Terminate(new TunnelEnd(TunnelEndKind.ConnectionLost, $"internal error: {exception.Message}"));
    }

    private async Task ReadAsync()
    {
        try
        {
            Terminate(await _reader.RunAsync(_received));
        }
        catch (FrameViolationException e)
        {
            TransportLog.ProtocolViolation(_logger, _name, RemoteEndPoint, e.Message);
            Terminate(new TunnelEnd(TunnelEndKind.ProtocolError, e.Message));
        }
        catch (Exception e) when (e is IOException or System.Net.Sockets.SocketException or ObjectDisposedException or System.Security.Authentication.AuthenticationException)
        {
            Terminate(new TunnelEnd(TunnelEndKind.ConnectionLost, e.InnerException?.Message ?? e.Message));
        }
        catch (Exception e)
        {
            Fail(e);
        }
    }

    private bool TryEnd(TunnelEnd end)
    {
        lock (Sync)
        {
            if (_end is not null) return false;
            _end = _closing ?? end;
            return true;
        }
    }

    private void LoseStreams()
    {
        MuxStream[] streams;
        MuxSession[] sessions;
        lock (Sync)
        {
            streams = [.. _table.AllStreams];
            sessions = [.. _table.AllSessions];
            foreach (var stream in _active) Context.Flow.StreamBecameIdle();
            _active.Clear();
        }

        foreach (var stream in streams) stream.OnTunnelLost();
        foreach (var session in sessions) session.OnClosed();
    }

    private async Task FinishAsync(TunnelEnd end)
    {
        try
        {
            if (_timer is { } timer) await timer.DisposeAsync();
            await _connection.DisposeAsync();
        }
        catch (Exception e)
        {
            // Closed under a write that is still under way; whoever waits for the end must not do so for ever.
            NoteDefect(e);
        }

        TransportLog.Ended(_logger, _name, RemoteEndPoint, end.Kind, end.Detail);
        lock (Sync) _streamsGone?.TrySetResult();
        _completion.TrySetResult(end);
    }

    private void OnTick()
    {
        var now = Context.NowMilliseconds;
        var idle = new List<MuxStream>();
        lock (Sync)
        {
            if (IsDead) return;
            if (!IsEdge && _liveness.IsPingDue(now)) SendPingLocked(now);
            for (var i = _active.Count - 1; i >= 0; i--)
            {
                if (now - _active[i].LastActive < ActiveMilliseconds) continue;
                idle.Add(_active[i]);
                _active[i].CountsAsActive = false;
                _active[i] = _active[^1];
                _active.RemoveAt(_active.Count - 1);
                Context.Flow.StreamBecameIdle();
            }
        }

        foreach (var stream in idle) stream.Receiver.OnIdle();
        if (IsEdge && _connection.GetRoundTripTime() is { } roundTrip) Volatile.Write(ref _roundTripTicks, roundTrip.Ticks);
        if (_liveness.IsDead(now)) Terminate(new TunnelEnd(TunnelEndKind.Timeout, $"nothing heard for {Liveness.DeadMilliseconds / 1000} s"));
        else Writer.Request();
    }

    // ---- owner's calls

    public ITunnelStream? OpenStream(in StreamOpening opening, ILocalEndpoint endpoint, IStreamObserver? observer)
    {
        MuxStream stream;
        lock (Sync)
        {
            if (!TakesNew || _table.NextId() is not (> 0 and var id)) return null;
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
            if (!TakesNew || _table.NextId() is not (> 0 and var id)) return null;
            session = new MuxSession(this, id, opening, weOpen: true) { Sink = sink };
            _table.Add(session);
            Scheduler.EnqueueControl(session);
        }

        // The first datagram follows at once and goes into the same batch.
        return session;
    }

    public void SendConfig(TunnelConfig config)
    {
        lock (Sync) _control.Config(ControlMessage.Serialize(config));
        Writer.Request();
    }

    public void SendReport(Report report)
    {
        if (!_extended) return;
        lock (Sync) _control.Message(FrameType.Report, ControlMessage.Serialize(report));
        Writer.Request();
    }

    public void SendGoAway(string reason)
    {
        lock (Sync)
        {
            if (_goAwaySentAt >= 0) return;
            _goAwaySentAt = Context.NowMilliseconds;
            if ((Features & TunnelFeatures.GoAway) != 0) _control.GoAway(ControlMessage.Serialize(new GoAway(reason, _table.HighestStream)));
        }

        Writer.Request();
    }

    public Task WaitForStreamsAsync(CancellationToken cancellationToken)
    {
        lock (Sync)
        {
            if (_unfinished == 0 || IsDead) return Task.CompletedTask;
            _streamsGone ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return _streamsGone.Task.WaitAsync(cancellationToken);
        }
    }

    public async Task<bool> ProbeAsync(TimeSpan timeout, CancellationToken cancellationToken)
    {
        Task answer;
        lock (Sync)
        {
            answer = _liveness.WaitForPong();
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

    // ---- frames (read loop)

    internal MuxStream? FindStream(in FrameHeader frame)
    {
        lock (Sync) return _table.FindStream(frame);
    }

    internal MuxSession? FindSession(in FrameHeader frame)
    {
        lock (Sync) return _table.FindSession(frame);
    }

    internal void OnReceived()
    {
        _liveness.OnReceived(Context.NowMilliseconds);

        // Credit and answers of this round leave in one batch; the read loop is not to be held up by more.
        Writer.Request(inlineBatches: 1);
    }

    internal void OnOpen(in FrameHeader frame, in StreamOpening opening)
    {
        MuxStream stream;
        bool late;
        lock (Sync)
        {
            _table.CheckNewStream(frame);
            CheckEndings(frame);

            // What is opened now would never be ended: the streams were lost already.
            if (IsDead) return;
            stream = new MuxStream(this, frame.StreamId, opening, weOpen: false);
            AddLocked(stream);
            late = _closing is not null || _peerGoingAway || (_goAwaySentAt >= 0 && Context.NowMilliseconds - _goAwaySentAt > GoAwayGraceMilliseconds);
        }

        if (late) stream.Reset(ResetReason.ShuttingDown);
        else ((IHubTunnelHandler)_handler).OnStreamOpened(this, stream, opening);
    }

    internal void OnUdpOpen(in FrameHeader frame, in StreamOpening opening)
    {
        MuxSession session;
        lock (Sync)
        {
            _table.CheckNewSession(frame);
            CheckEndings(frame);
            if (IsDead) return;
            session = new MuxSession(this, frame.StreamId, opening, weOpen: false);
            _table.Add(session);
        }

        if (((IHubTunnelHandler)_handler).OnSessionOpened(this, session, opening) is { } sink) session.Sink = sink;
        else session.Close();
    }

    internal void OnUdpData(in FrameHeader frame, ReadOnlySpan<byte> payload)
    {
        Interlocked.Increment(ref _datagramsReceived);
        Interlocked.Add(ref _bytesReceived, payload.Length);
        FindSession(frame)?.Sink?.OnDatagram(payload);
    }

    internal void OnPing(ReadOnlySpan<byte> payload)
    {
        lock (Sync) _control.Pong(payload.ToArray());
    }

    internal void OnPong(ReadOnlySpan<byte> payload)
    {
        lock (Sync)
        {
            if (_liveness.OnPong(payload) is { } sent) Volatile.Write(ref _roundTripTicks, Math.Max(1, Context.Time.GetElapsedTime(sent).Ticks));
        }
    }

    internal void OnConfig(TunnelConfig config) => ((IEdgeTunnelHandler)_handler).OnConfig(this, config);

    /// <summary>HELLO.</summary>
    /// <returns>What is wrong, or null.</returns>
    internal string? OnHello(Hello hello)
    {
        if (hello.MaxFrame < 1024) return $"maxFrame {hello.MaxFrame} is below 1024";
        if (hello.InitialWindow < 0) return "initialWindow is negative";
        lock (Sync)
        {
            _helloSeen = true;
            _extended = true;
            PeerMaxFrame = Math.Min(hello.MaxFrame, FrameRules.BaseMaxData);
            PeerInitialWindow = Math.Min(hello.InitialWindow, 1 << 30);
            Features = FeatureNames.Parse(hello.Features) & TlsTunnel.SupportedFeatures;
        }

        ((IHubTunnelHandler)_handler).OnHello(this, hello);
        return null;
    }

    /// <summary>REPORT.</summary>
    /// <returns>What is wrong, or null.</returns>
    internal string? OnReport(Report report)
    {
        if (!_helloSeen) return "REPORT before HELLO";
        var second = Context.NowMilliseconds / 1000;
        if (second != _reportWindow) (_reportWindow, _reports) = (second, 0);
        if (++_reports > MaxReportsPerSecond) return $"more than {MaxReportsPerSecond} in a second";
        ((IHubTunnelHandler)_handler).OnReport(this, report);
        return null;
    }

    internal void OnGoAway(GoAway goAway)
    {
        lock (Sync)
        {
            if (_peerGoingAway) return;
            _peerGoingAway = true;
        }

        if (IsEdge) SendGoAway(goAway.Reason);
        _handler.OnGoAway(this, goAway);
    }

    // ---- accounting, with the lock held

    internal void Touch(MuxStream stream, long now)
    {
        stream.LastActive = now;
        if (stream.CountsAsActive || IsDead) return;
        stream.CountsAsActive = true;
        _active.Add(stream);
        Context.Flow.StreamBecameActive();
    }

    internal void CountSent(int bytes) => _bytesSent += bytes;

    internal void Forget(MuxStream stream) => _table.Remove(stream);

    internal void Forget(MuxSession session) => _table.Remove(session);

    internal void StreamFinished(MuxStream stream, in StreamEnd end)
    {
        if (!end.Completed) _streamsReset++;
        if (stream.CountsAsActive && _active.Remove(stream))
        {
            stream.CountsAsActive = false;
            Context.Flow.StreamBecameIdle();
        }

        if (--_unfinished > 0) return;
        _streamsGone?.TrySetResult();
        _streamsGone = null;
    }

    internal bool TryQueueDatagram(int bytes)
    {
        if (_queuedDatagramBytes + bytes > MaxQueuedDatagrams)
        {
            _datagramsDropped++;
            return false;
        }

        _queuedDatagramBytes += bytes;
        return true;
    }

    internal void ReleaseDatagram(int bytes) => _queuedDatagramBytes -= bytes;

    internal void CountDatagramDropped() => _datagramsDropped++;

    internal void CountDatagramSent(int bytes)
    {
        _datagramsSent++;
        _bytesSent += bytes;
    }

    /// <summary>Received bytes were written to the local peer. Called without the lock.</summary>
    internal void OnDelivered(MuxStream stream, int bytes)
    {
        Interlocked.Add(ref _bytesReceived, bytes);
        var now = Context.NowMilliseconds;
        if (stream.CountsAsActive && now - stream.LastActive < ActiveMilliseconds / 4) return;
        lock (Sync) Touch(stream, now);
    }

    private bool TakesNew => !IsDead && _closing is null && !_peerGoingAway && _goAwaySentAt < 0;

    // A peer that opens and opens, but does not take our refusals, would have them pile up here.
    private void CheckEndings(in FrameHeader frame)
    {
        if (EndingsUnsent > MaxEndingsUnsent) throw new FrameViolationException(frame, $"over {MaxEndingsUnsent} refusals are not taken");
    }

    private void AddLocked(MuxStream stream)
    {
        _table.Add(stream);
        _unfinished++;
        _streamsOpened++;
    }

    private void SendPingLocked(long now) =>
        _control.Ping(_liveness.MakePing(now, Context.Time.GetTimestamp(), empty: !_extended));
}
