using Tunnel.Shared.Protocol;
using Tunnel.Shared.Transport.Quic.Core;
using Tunnel.Shared.Transport.Quic.Native;
using Tunnel.Shared.Transport.Streams;

namespace Tunnel.Shared.Transport.Quic.Streams;

/// <summary>
/// One tunnelled TCP connection as a QUIC stream: from the PROXY line to the end. <see cref="StreamOutput"/> and <see cref="StreamInput"/>
/// carry the bytes. FIN is FIN; a reset of either side is RESET_STREAM and STOP_SENDING with the reason as code. Its own lock guards the
/// state; neither the owner nor the endpoint is called under it.
/// </summary>
internal sealed class QuicStream : IStreamCarrier, IStreamEvents, IPrioritized
{
    // Priorities are strict among streams: control, normal, sustained and stalled (protocol.md section 6).
    private const ushort LowPriority = 0x3FFF;
    private const ushort NormalPriority = 0x7FFF;

    private readonly Lock _lock = new();
    private readonly QuicStreams _streams;
    private readonly QuicCore _core;
    private readonly StreamOutput _output;
    private readonly StreamInput _input;
    private readonly StreamLife _life;
    private readonly StreamPassage? _passage;
    private StreamHandle _handle = null!;
    private bool _abortPending;
    private ResetReason _abortReason;
    private bool _aborted;

    private QuicStream(QuicStreams streams, bool isPeers)
    {
        _streams = streams;
        _core = streams.Core;
        _passage = isPeers ? null : new StreamPassage(_lock, streams);
        _output = new StreamOutput(_core, streams.Stalled, this);
        _input = new StreamInput(streams, this, isPeers ? new OpeningLines((_core.Terms.Features & TunnelFeatures.Move) != 0) : null);
        _life = new StreamLife(_lock, this, _input.Delivery, _core.Context);
    }

    public uint Id { get; private set; }

    public IStreamObserver? Observer
    {
        get => _life.Observer;
        set => _life.Observer = value;
    }

    public long BytesSent => _output.Bytes;

    public long BytesReceived => _input.Delivery.Bytes;

    public StreamLife Life => _life;

    /// <summary>The native stream.</summary>
    public StreamHandle Handle => _handle;

    public bool IsBlocked => _output.IsBlocked;

    public long LastProgress => _output.LastProgress;

    /// <summary>True while bytes may still be sent.</summary>
    public bool CanSend
    {
        get
        {
            lock (_lock)
                return _life.State.CanSend;
        }
    }

    /// <summary>Edge: creates a client's stream, not yet started.</summary>
    /// <returns>Null when the connection has ended.</returns>
    public static QuicStream? Open(QuicStreams streams, uint id, IStreamObserver? observer)
    {
        var result = new QuicStream(streams, isPeers: false) { Id = id, Observer = observer };
        if (StreamHandle.Open(
            result._core.Connection.Library, result._core.Connection.Handle, result, unidirectional: false) is not { } handle)
        {
            return null;
        }

        result._handle = handle;
        return result;
    }

    /// <summary>Hub: takes over a stream that the edge has opened. Called from the connection's callback.</summary>
    public static QuicStream Adopt(QuicStreams streams, nint handle)
    {
        var result = new QuicStream(streams, isPeers: true);
        result._handle = StreamHandle.Adopt(result._core.Connection.Library, result._core.Connection.Handle, result, handle);
        // The two low bits are direction and side (RFC 9000, 2.1); the control stream is 0. So both ends log the same number.
        result.Id = (uint)((result._handle.GetId() ?? 0) >> 2);
        return result;
    }

    // ---- the local end

    /// <summary>Edge: starts the stream, which gives it its id; streams start in the order of their ids.</summary>
    public void Start()
    {
        if (QuicStatus.Failed(_handle.Start()))
            OnNotStarted();
    }

    /// <summary>Edge: starts to carry a client's stream; its opening lines are sent first.</summary>
    public void Begin(ILocalEndpoint endpoint, in StreamOpening opening)
    {
        _life.AttachNew(endpoint);
        _output.Begin(endpoint, opening);
    }

    public void Attach(ILocalEndpoint endpoint) => _life.Attach(endpoint);

    public void NotifyReadable() => _output.Request();

    public void CountIn(TrafficMeter traffic) => _life.CountIn(traffic);

    public void NotifyLocalReset() => _life.NotifyLocalReset();

    public void Reset(ResetReason reason) => _life.Reset(reason);

    // ---- events of the halves

    /// <summary>The local peer has sent its last byte.</summary>
    public void OnLocalEnd()
    {
        if (!_life.TryEndLocal(out var completes))
            return;
        _handle.Finish();
        if (completes)
            _life.Complete();
    }

    /// <summary>All that was sent has been acknowledged. Called on a worker of msquic.</summary>
    public void OnAllAcknowledged()
    {
        bool abort;
        bool completed;
        lock (_lock)
        {
            abort = _abortPending;
            completed = _life.State.Completed;
        }

        if (abort)
            AbortNow();
        else if (completed)
            _passage?.NoteEnding();
    }

    /// <summary>The edge did not begin the stream with a PROXY line.</summary>
    public void OnMalformed() => Reset(ResetReason.Protocol);

    public void SetLowPriority(bool low) => _handle.SetPriority(low ? LowPriority : NormalPriority);

    // ---- events of the peer (on a worker of msquic)

    int IStreamEvents.OnStreamEvent(ref StreamEvent e)
    {
        switch (e.Type)
        {
            case StreamEvent.Receive:
                return _input.OnReceive(e);
            case StreamEvent.SendComplete:
                _output.OnSent(e.SendContext);
                _passage?.NoteArrived();
                _streams.Stalled.Check();
                break;
            case StreamEvent.PeerSendShutdown:
                OnRemoteClose();
                break;
            case StreamEvent.PeerSendAborted or StreamEvent.PeerReceiveAborted:
                OnRemoteReset(e.ErrorCode);
                break;
            case StreamEvent.IdealSendBufferSize:
                _output.OnIdealSize(e.IdealBytes);
                break;
            case StreamEvent.StartComplete when QuicStatus.Failed(e.StartStatus):
                OnNotStarted();
                break;
            case StreamEvent.ShutdownComplete:
                _life.OnTunnelLost();
                Close();
                break;
        }

        return QuicStatus.Success;
    }

    void IStreamEvents.OnDefect(Exception exception) => _core.Connection.OnDefect(exception);

    // The connection has ended, so no other event will come.
    private void OnNotStarted()
    {
        _life.OnTunnelLost();
        Close();
    }

    private void OnRemoteClose()
    {
        lock (_lock)
        {
            if (!_life.TryCloseRemote())
                return;
        }

        _input.OnRemoteClose();
    }

    private void OnRemoteReset(ulong code)
    {
        _life.OnRemoteReset(code <= (ulong)ResetReason.NotOpened ? (ResetReason)code : ResetReason.Unspecified);
        // This is also done when the stream has ended for its owners: the other direction may still be open.
        AbortNow();
    }

    // ---- calls of its life

    long IStreamCarrier.BlockedSince => _core.Context.NowMilliseconds;

    bool IStreamCarrier.WaitsAfterReset => _abortPending && !_aborted;

    void IStreamCarrier.BeginReading(ILocalEndpoint endpoint) => _output.Begin(endpoint, opening: null);

    // A reset behind data is sent when all the data has arrived: RESET_STREAM makes the peer discard what it has not yet read from QUIC.
    void IStreamCarrier.PrepareReset(in StreamEnd end, bool behindData)
    {
        _abortReason = end.Reason;
        _abortPending = behindData && _output.HasUnacknowledged;
        if (_abortPending)
            _life.WaitUntil(_core.Context.NowMilliseconds + StreamLife.BlockedMilliseconds);
    }

    void IStreamCarrier.SendReset()
    {
        bool waits;
        lock (_lock)
            waits = _abortPending;

        // The data may have been acknowledged a moment ago.
        if (!waits || !_output.HasUnacknowledged)
            AbortNow();
    }

    void IStreamCarrier.GiveUpWaiting() => AbortNow();

    void IStreamCarrier.Discard() => _input.Discard();

    void IStreamCarrier.OnFinished(in StreamEnd end)
    {
        if (end.Completed && !_output.HasUnacknowledged)
            _passage?.NoteEnding();
        _streams.OnFinished();
    }

    void IStreamCarrier.NoteDefect(Exception exception) => _core.NoteDefect(exception);

    private void AbortNow()
    {
        lock (_lock)
        {
            _abortPending = false;
            if (_aborted)
                return;
            _aborted = true;
        }

        _passage?.NoteEnding();
        _handle.Abort((ulong)_abortReason);
    }

    // The native stream has had its last event. It may be closed as soon as none of its memory is being written to a socket.
    private void Close()
    {
        _passage?.NoteOver();
        _input.OnNativeEnd();
        _streams.Remove(this);
    }
}
