using System.Net;
using Microsoft.Extensions.Logging;
using Tunnel.Shared.Guarding;
using Tunnel.Shared.Protocol;
using Tunnel.Shared.Protocol.Frames;
using Tunnel.Shared.Protocol.Messages;
using Tunnel.Shared.Transport.Handshake;
using Tunnel.Shared.Transport.Quic.Native;
using Tunnel.Shared.Transport.Streams;

namespace Tunnel.Shared.Transport.Quic;

// Over 300 lines: a tunnel's whole life over QUIC under one lock, told from the top down; streams, sessions and control stream have their
// own files.
/// <summary>
/// A tunnel over one QUIC connection (protocol.md section 6). It owns the streams and its own beginning and end; <see cref="QuicSessions"/>
/// carries UDP, <see cref="ControlReader"/> and <see cref="ControlSender"/> handle the control stream. <see cref="Sync"/> guards the
/// <see cref="QuicStreamTable"/> and the tunnel's state; it is held briefly, and never over a call that waits for msquic or over a call to
/// an owner.
/// </summary>
internal sealed class QuicTunnel : ITunnel
{
    private const ulong NoError = 0;
    private const ulong ProtocolError = 1;

    private static readonly TimeSpan CloseTimeout = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Tick = TimeSpan.FromSeconds(1);

    // Makes streams start in the order of their ids. No callback takes this lock, because calls under it may have to wait for a callback.
    private readonly Lock _opening = new();
    private readonly QuicStreamTable _streams;
    private readonly StreamAllowance _allowance = new();
    private readonly ILogger _logger;
    private readonly string _name;
    private readonly ControlReader _reader;
    private readonly InboundControl _inbound;
    private readonly Liveness _liveness;
    private readonly ITunnelHandler _handler;
    private readonly PeerDoubt _doubt;
    private long _framesHeard;
    private readonly TaskCompletionSource<TunnelEnd> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private ITimer? _timer;
    private TunnelEnd? _end;
    private TunnelEnd? _closing;
    private byte[]? _hello;
    private bool _nativeOver;
    private readonly StreamIds _ids;

    public QuicTunnel(
        QuicConnection connection, string name, bool isEdge, TransportContext context, ITunnelHandler handler,
        ReadOnlyMemory<byte> received)
    {
        Connection = connection;
        _name = name;
        _logger = context.LoggerFactory.CreateLogger("Tunnel.Transport");
        IsEdge = isEdge;
        Context = context;
        _streams = new QuicStreamTable(isEdge);
        Terms = new TunnelTerms(context.Options.InitialWindow, TunnelProtocol.SupportedFeatures);
        Control = new ControlSender(connection.Control, context, isEdge);
        Traffic = new TrafficMeter(context);
        Departure = new Departure(context);
        _ids = new StreamIds(context.NumbersUsed);
        Sessions = new QuicSessions(this, new StreamIds(context.NumbersUsed));
        NumbersEnding = Task.WhenAny(_ids.Ending, Sessions.NumbersEnding);
        _liveness = new Liveness(context.NowMilliseconds);
        _doubt = new PeerDoubt(context.NowMilliseconds);
        _handler = handler;
        _inbound = new InboundControl(this, handler);
        var inbox = new ControlInbox(Sync, Terms, Departure, context, isEdge, _inbound);
        _reader = new ControlReader(isEdge, Terms, inbox, _inbound, connection.Control.Reader, received);
    }

    public TransportKind Kind => TransportKind.Quic;

    public IPEndPoint RemoteEndPoint => Connection.RemoteEndPoint;

    public TunnelFeatures Features => Terms.Features;

    public TimeSpan? RoundTripTime => Connection.RoundTripTime;

    public int ActiveStreams => _streams.Unfinished;

    public int ActiveSessions => Sessions.Count;

    public TunnelCounters Counters => Traffic.Snapshot();

    public bool IsInDoubt => _doubt.IsOn && !IsDead;

    public bool HasRoom
    {
        get
        {
            lock (Sync)
            {
                return IsDead || !_streams.UnderWay.IsFull;
            }
        }
    }

    public Task<TunnelEnd> Completion => _completion.Task;

    public Task NumbersEnding { get; }

    // ---- shared with streams and sessions

    internal Lock Sync { get; } = new();

    internal QuicConnection Connection { get; }

    /// <summary>Edge: the number of streams that begin or end, see <see cref="QuicStreamTable.UnderWay"/>.</summary>
    internal int StreamsUnderWay
    {
        get
        {
            lock (Sync)
            {
                return _streams.UnderWay.Count;
            }
        }
    }

    internal QuicSessions Sessions { get; }

    internal ControlSender Control { get; }

    internal TrafficMeter Traffic { get; }

    internal TunnelTerms Terms { get; }

    internal Departure Departure { get; }

    internal TransportContext Context { get; }

    internal bool IsEdge { get; }

    internal bool IsDead => Volatile.Read(ref _end) is not null;

    // ---- owner's calls

    public void Start()
    {
        lock (Sync)
            _timer = Context.Time.CreateGuardedTimer(static self => self.OnTick(), this, Tick, Tick);
        // HELLO is not sent earlier, because a dial that lost and was closed before its start must not replace the winner at the hub.
        if (_hello is { } hello)
            Control.Send(FrameType.Hello, hello);
        if (IsEdge)
            Connection.Handle.Apply(QuicTransport.ConnectedSettings(Context));
        Connection.HandOver(this);
        _ = ReadAsync();
    }

    /// <summary>Edge: takes what the hub's first configuration says about the hub. The first frame is HELLO.</summary>
    public void UseHub(HubInfo? hub, Hello hello)
    {
        if (hub is not null)
            Terms.Accept(hub);
        _hello = ControlMessage.Serialize(hello);
    }

    public ITunnelStream? OpenStream(in StreamOpening opening, ILocalEndpoint endpoint, IStreamObserver? observer)
    {
        QuicStream stream;
        lock (_opening)
        {
            lock (Sync)
            {
                if (!TakesNew || !_streams.UnderWay.TryPass(Context.NowMilliseconds) || !_streams.Endings.TryPass(Context.NowMilliseconds))
                    return null;
            }

            if (_ids.Next() is not (> 0 and var id) || QuicStream.Open(this, id, observer) is not { } opened)
                return null;
            stream = opened;
            if (!TryAdd(stream))
            {
                stream.Handle.Dispose();
                return null;
            }

            stream.Start();
        }

        stream.Begin(endpoint, opening);
        return stream;
    }

    public Task WaitForRoomAsync()
    {
        lock (Sync)
        {
            return IsDead ? Task.CompletedTask : _streams.UnderWay.WaitAsync();
        }
    }

    public ITunnelSession? OpenSession(in StreamOpening opening, IDatagramSink sink)
    {
        lock (Sync)
        {
            if (!TakesNew)
                return null;
        }

        return Sessions.Open(opening, sink);
    }

    public void SendConfig(TunnelConfig config) => Control.Send(FrameType.Config, ControlMessage.Serialize(config));

    public void SendReport(Report report)
    {
        if (Terms.IsExtended)
            Control.Send(FrameType.Report, ControlMessage.Serialize(report, Terms.ReadsMessagePack));
    }

    public void SendGoAway(string reason)
    {
        uint highest;
        lock (Sync)
        {
            if (!Departure.TryAnnounce())
                return;
            highest = _streams.HighestId;
        }

        if ((Features & TunnelFeatures.GoAway) != 0)
            Control.Send(FrameType.GoAway, ControlMessage.Serialize(new GoAway(reason, highest)));
    }

    public Task WaitForStreamsAsync(CancellationToken cancellationToken)
    {
        lock (Sync)
        {
            return IsDead ? Task.CompletedTask : _streams.WhenFinished().WaitAsync(cancellationToken);
        }
    }

    public async Task<bool> ProbeAsync(TimeSpan timeout, CancellationToken cancellationToken)
    {
        Task answer;
        lock (Sync)
            answer = _liveness.WaitForPong();
        SendPing();
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

    public async Task CloseAsync(TunnelEnd end)
    {
        QuicStream[] streams;
        lock (Sync)
        {
            streams = _closing is not null || IsDead ? [] : _streams.ToArray();
            _closing ??= end;
            _streams.Close();
        }

        foreach (var stream in streams)
            stream.Reset(ResetReason.ShuttingDown);
        Sessions.LoseAll();

        // Closing discards what is under way, so resets and the last frames first get a chance to arrive.
        using var timeout = new CancellationTokenSource(CloseTimeout, Context.Time);
        Task anyway = Task.WhenAny(Task.WhenAll(_streams.NativesGone, Control.WhenSentAsync()), Connection.Closed);
        await anyway.WaitAsync(timeout.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        OnConnectionEnding(end);
        Connection.Shutdown(NoError);
        await Connection.Closed;

        // A tunnel that was never started gets no event from the connection.
        OnConnectionClosed();
        await Completion;
    }

    public async ValueTask DisposeAsync() => await CloseAsync(new TunnelEnd(TunnelEndKind.Closed, "closed"));

    // ---- events of the connection (on a worker of msquic)

    /// <summary>The peer opens a stream: one for a TCP connection, or a unidirectional one for a large datagram.</summary>
    /// <returns>A status of msquic; a failure refuses the stream.</returns>
    internal int OnPeerStream(nint handle, bool unidirectional)
    {
        if (unidirectional)
            return Sessions.Oversize.OnPeerStream(handle);
        if (IsEdge)
            return QuicStatus.AbortedByUser;
        var stream = QuicStream.Adopt(this, handle);
        bool late;
        ushort? allowed;
        lock (Sync)
        {
            _streams.Add(stream);
            _streams.Endings.TryPass(Context.NowMilliseconds);
            allowed = _allowance.Raise(_streams.Unfinished);
            late = !ServesOpensLocked;
        }

        if (allowed is { } streams)
            Connection.Handle.Apply(new NativeSettings { PeerBidirectionalStreams = streams });
        if (late)
            stream.Reset(ResetReason.ShuttingDown);
        return QuicStatus.Success;
    }

    /// <summary>The opening lines of a stream have come.</summary>
    internal void OnStreamOpened(QuicStream stream, in StreamOpening opening)
    {
        Traffic.CountOpened();
        _inbound.OnStreamOpened(stream, opening);
    }

    /// <summary>The connection has ended or is about to: the streams are lost.</summary>
    internal void OnConnectionEnding(TunnelEnd end)
    {
        QuicStream[] streams;
        lock (Sync)
        {
            if (_end is not null)
                return;
            Volatile.Write(ref _end, _closing ?? end);
            streams = _streams.ToArray();
            _streams.UnderWay.Release();
        }

        Control.Release();
        foreach (var stream in streams)
            stream.Life.OnTunnelLost();
        Sessions.LoseAll();
    }

    /// <summary>All native callbacks have ended.</summary>
    internal void OnConnectionClosed()
    {
        OnConnectionEnding(new TunnelEnd(TunnelEndKind.Closed, "closed"));
        lock (Sync)
        {
            _timer?.Dispose();
            _nativeOver = true;
            // Another thread may be just ending a stream; the thread that ends the last one goes on.
            if (_streams.Unfinished > 0)
                return;
        }

        Complete();
    }

    /// <summary>Notes that a frame came. Only the control stream's reader calls this.</summary>
    internal void NoteHeard() => Volatile.Write(ref _framesHeard, _framesHeard + 1);

    internal void OnPong(ReadOnlySpan<byte> payload)
    {
        lock (Sync)
            _liveness.OnPong(payload);
    }

    /// <summary>
    /// Notes that something has thrown while a stream, session or tunnel ended, most likely an owner's callback; the others still end.
    /// </summary>
    internal void NoteDefect(Exception exception) => TransportLog.Defect(_logger, exception, _name);

    // ---- events of the streams

    /// <summary>Edge: a stream only waits for the peer's answer to its end.</summary>
    internal void OnStreamEnding()
    {
        lock (Sync)
            _streams.UnderWay.Add();
    }

    /// <summary>Edge: a stream's beginning has arrived, or a stream that was ending has ended.</summary>
    internal void OnStreamPassed()
    {
        lock (Sync)
            _streams.UnderWay.OnSent(Context.NowMilliseconds);
    }

    internal void StreamFinished(in StreamEnd end)
    {
        if (!end.Completed)
            Traffic.CountReset();
        bool over;
        lock (Sync)
        {
            over = _streams.Finish() && _nativeOver;
        }

        if (over)
            Complete();
    }

    /// <summary>Removes a stream whose native stream has ended.</summary>
    internal void Remove(QuicStream stream)
    {
        lock (Sync)
            _streams.Remove(stream, Context.NowMilliseconds);
    }

    private bool TakesNew => !IsDead && _closing is null && !Departure.IsPeerLeaving && !Departure.IsAnnounced;

    private bool ServesOpensLocked => _closing is null && Departure.ServesOpens;

    private bool TryAdd(QuicStream stream)
    {
        lock (Sync)
        {
            if (IsDead)
                return false;
            _streams.Add(stream);
            _streams.UnderWay.Add();
        }

        Traffic.CountOpened();
        return true;
    }

    private async Task ReadAsync()
    {
        try
        {
            await _reader.RunAsync();
            // The control stream has ended without the connection: the tunnel ends then, too.
            if (!IsDead)
                EndWith(NoError, new TunnelEnd(TunnelEndKind.PeerClosed, "the peer closed the control stream"));
        }
        catch (FrameViolationException e)
        {
            TransportLog.ProtocolViolation(_logger, _name, RemoteEndPoint, e.Message);
            EndWith(ProtocolError, new TunnelEnd(TunnelEndKind.ProtocolError, e.Message));
        }
        catch (Exception e)
        {
            TransportLog.Bug(_logger, e, _name);
            EndWith(NoError, new TunnelEnd(TunnelEndKind.ConnectionLost, $"internal error: {e.Message}"));
        }
    }

    private void Complete()
    {
        if (_completion.TrySetResult(_end!))
            TransportLog.Ended(_logger, _name, RemoteEndPoint, _end!.Kind, _end.Detail);
    }

    private void EndWith(ulong code, TunnelEnd end)
    {
        OnConnectionEnding(Connection.End ?? end);
        Connection.Shutdown(code);
    }

    private void OnTick()
    {
        var isDue = false;
        TunnelEnd? overdue;
        lock (Sync)
        {
            if (IsDead)
                return;
            overdue = _streams.FindOverdue(Context.NowMilliseconds, !_doubt.IsOn);
            isDue = !IsEdge && _liveness.IsPingDue(Context.NowMilliseconds);
        }

        overdue ??= Control.FindOverdue();
        if (overdue is not null)
        {
            TransportLog.PeerDoesNotRead(_logger, _name, RemoteEndPoint, overdue.Detail);
            EndWith(ProtocolError, overdue);
            return;
        }

        if (isDue)
            SendPing();
        if (IsEdge)
            LookAtHub();
        Sessions.Sweep();
    }

    private void LookAtHub()
    {
        if ((Features & TunnelFeatures.Probe) == 0)
            return;
        var traffic = Traffic.Snapshot();
        var heard = Volatile.Read(ref _framesHeard) + traffic.BytesReceived + traffic.DatagramsReceived;
        var carried = traffic.BytesSent + traffic.BytesReceived + traffic.StreamsOpened;
        switch (_doubt.Look(Context.NowMilliseconds, heard, Connection.Control.Acknowledged, carried))
        {
            case DoubtStep.Ask:
                Control.Send(FrameType.Probe, []);
                break;
            case DoubtStep.Doubt:
                TransportLog.InDoubt(_logger, _name, RemoteEndPoint, PeerDoubt.AnswerMilliseconds / 1000);
                Connection.MoveToNewPort();
                ((IEdgeTunnelHandler)_handler).OnDoubt(this);
                break;
        }
    }

    /// <summary>Sends PING to ask for a sign of life; it is also the hub's answer to PROBE.</summary>
    internal void SendPing()
    {
        byte[] payload;
        lock (Sync)
            payload = _liveness.MakePing(Context.NowMilliseconds, Context.Time.GetTimestamp(), empty: false);
        Control.Send(FrameType.Ping, payload);
    }
}
