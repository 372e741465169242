using Tunnel.Shared.Protocol;
using Tunnel.Shared.Protocol.Frames;
using Tunnel.Shared.Transport.Quic.Native;

namespace Tunnel.Shared.Transport.Quic;

/// <summary>
/// One tunnelled TCP connection as a QUIC stream: its life from the PROXY line to the end. <see cref="StreamOutput"/> and <see cref="StreamInput"/> carry the
/// bytes. FIN is FIN; a reset of either side is RESET_STREAM and STOP_SENDING with the reason as code. Has a lock of its own for the state, under which
/// neither a call to an owner nor to the endpoint is made.
/// </summary>
internal sealed class QuicStream : ITunnelStream, IStreamEvents, ISweepable
{
    /// <summary>A reset waits for data that came before it, unless that has been blocked for this long (protocol.md section 3).</summary>
    private const long BlockedResetMilliseconds = 5_000;

    // Strict among streams: control, normal, sustained (protocol.md section 6).
    private const ushort SustainedPriority = 0x3FFF;
    private const ushort NormalPriority = 0x7FFF;

    private readonly Lock _lock = new();
    private readonly QuicTunnel _tunnel;
    private readonly StreamOutput _output;
    private readonly StreamInput _input;
    private StreamHandle _handle = null!;
    private IStreamObserver? _observer;
    private ILocalEndpoint? _endpoint;
    private StreamState _state;
    private StreamEnd _end;
    private bool _finished;
    private bool _localReset;
    private bool _abortPending;
    private ResetReason _abortReason;
    private bool _aborted;
    private bool _inSweep;
    private long _sweepDeadline;

    // Edge: whether it counts among those that begin or end.
    private bool _begins;
    private bool _ends;
    private bool _over;

    private QuicStream(QuicTunnel tunnel, bool isPeers)
    {
        _tunnel = tunnel;
        _begins = !isPeers;
        _output = new StreamOutput(tunnel, this);
        _input = new StreamInput(tunnel, this, isPeers ? new OpeningLines() : null);
    }

    public uint Id { get; private set; }

    public IStreamObserver? Observer
    {
        get => _observer;
        set
        {
            lock (_lock)
            {
                _observer = value;
                if (!_finished)
                    return;
            }

            // The tunnel was lost before the owner could say who wants to know.
            Tell(value);
        }
    }

    public long BytesSent => _output.Bytes;

    public long BytesReceived => _input.Delivered;

    /// <summary>The native stream.</summary>
    public StreamHandle Handle => _handle;

    /// <summary>Bytes may still be sent.</summary>
    public bool CanSend
    {
        get
        {
            lock (_lock)
                return _state.CanSend;
        }
    }

    /// <summary>Edge: a client's stream, not yet started.</summary>
    /// <returns>Null when the connection is over.</returns>
    public static QuicStream? Open(QuicTunnel tunnel, uint id, ILocalEndpoint endpoint, IStreamObserver? observer)
    {
        var result = new QuicStream(tunnel, isPeers: false) { Id = id, _endpoint = endpoint, _observer = observer };
        if (StreamHandle.Open(tunnel.Connection.Library, tunnel.Connection.Handle, result, unidirectional: false) is not { } handle)
            return null;
        result._handle = handle;
        return result;
    }

    /// <summary>Hub: a stream that the edge has opened; from the connection's callback.</summary>
    public static QuicStream Adopt(QuicTunnel tunnel, nint handle)
    {
        var result = new QuicStream(tunnel, isPeers: true);
        result._handle = StreamHandle.Adopt(tunnel.Connection.Library, tunnel.Connection.Handle, result, handle);
        // The two low bits are direction and side (RFC 9000, 2.1); the control stream is 0. So both ends have the same number for logs.
        result.Id = (uint)((result._handle.GetId() ?? 0) >> 2);
        return result;
    }

    // ---- the local end

    /// <summary>Edge: takes its number; streams start in the order of their ids.</summary>
    public void Start()
    {
        if (QuicStatus.Failed(_handle.Start()))
            OnNotStarted();
    }

    /// <summary>Edge: begins to carry a client's stream whose lines are to be sent first.</summary>
    public void Begin(in StreamOpening opening)
    {
        _endpoint!.Start(this);
        _input.Attach(_endpoint);
        _output.Begin(_endpoint, opening);
    }

    public void Attach(ILocalEndpoint endpoint)
    {
        lock (_lock)
        {
            if (_state.WasReset)
            {
                // The peer may have given up meanwhile.
                endpoint.Reset(flush: false);
                return;
            }

            _endpoint = endpoint;
        }

        endpoint.Start(this);
        _input.Attach(endpoint);
        _output.Begin(endpoint, opening: null);
    }

    public void NotifyReadable() => _output.Request();

    public void NotifyLocalReset()
    {
        bool allSent;
        lock (_lock)
        {
            if (_state.IsGone || _localReset)
                return;
            _localReset = true;
            allSent = _state.LocalClosed;
            // What it sent before the reset is still to be read; the reset itself is found behind it, if the peer takes that.
            if (!allSent && _output.IsBlocked)
                SweepUntilLocked(BlockedResetMilliseconds);
        }

        if (allSent)
            End(StreamEndSide.Local, ResetReason.ResetByPeer, afterData: true);
        else
            _output.Request();
    }

    public void Reset(ResetReason reason) => End(StreamEndSide.Local, reason, afterData: false);

    // ---- what the halves have to say

    /// <summary>The peer takes nothing at present. A reset that waits behind the blocked data does not wait for ever.</summary>
    public void OnBlocked()
    {
        lock (_lock)
        {
            if (_localReset)
                SweepUntilLocked(BlockedResetMilliseconds);
        }
    }

    /// <summary>The local peer has sent its last byte.</summary>
    public void OnLocalEnd()
    {
        bool completed;
        lock (_lock)
        {
            if (!_state.TryCloseLocal())
                return;
            completed = _state.Completed;
        }

        _handle.Finish();
        if (completed)
            Complete();
    }

    /// <summary>The local peer has reset, and all that it sent before was sent on.</summary>
    public void OnLocalReset() => End(StreamEndSide.Local, ResetReason.ResetByPeer, afterData: true);

    /// <summary>All that was sent has been acknowledged; on a worker of msquic.</summary>
    public void OnAllAcknowledged()
    {
        bool abort;
        bool completed;
        lock (_lock)
        {
            abort = _abortPending;
            completed = _state.Completed;
        }

        if (abort)
            AbortNow();
        else if (completed)
            NoteEnding();
    }

    /// <summary>The local peer has everything and its FIN.</summary>
    public void OnDelivered()
    {
        bool completed;
        lock (_lock)
            completed = _state.TryDeliver() && _state.Completed;
        if (completed)
            Complete();
    }

    /// <summary>The hub's lines at the beginning are none.</summary>
    public void OnMalformed() => End(StreamEndSide.Local, ResetReason.Protocol, afterData: false);

    /// <summary>The stream carries much for long, or no more; on a worker of msquic.</summary>
    public void OnSustained(bool sustained) => _handle.SetPriority(sustained ? SustainedPriority : NormalPriority);

    public void OnTunnelLost() => End(StreamEndSide.Tunnel, ResetReason.Unspecified, afterData: false);

    // ---- what comes from the peer (a worker of msquic)

    int IStreamEvents.OnStreamEvent(ref StreamEvent e)
    {
        switch (e.Type)
        {
            case StreamEvent.Receive:
                return _input.OnReceive(e);
            case StreamEvent.SendComplete:
                _output.OnSent(e.SendContext);
                if (_begins)
                    NoteArrived();
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
                OnTunnelLost();
                Close();
                break;
        }

        return QuicStatus.Success;
    }

    void IStreamEvents.OnDefect(Exception exception) => _tunnel.Connection.OnDefect(exception);

    bool ISweepable.Sweep()
    {
        bool abort;
        lock (_lock)
        {
            _inSweep = !_aborted && (_abortPending || _localReset) && _tunnel.Context.NowMilliseconds < Math.Max(_sweepDeadline, _output.LastProgress + BlockedResetMilliseconds);
            if (_inSweep)
                return true;
            abort = _abortPending;
            if (!abort && (_state.IsGone || !_output.IsBlocked))
                return false;
        }

        if (abort)
            AbortNow();
        else
            End(StreamEndSide.Local, ResetReason.ResetByPeer, afterData: false);
        return false;
    }

    // The connection is over: there will be no other event.
    private void OnNotStarted()
    {
        OnTunnelLost();
        Close();
    }

    private void OnRemoteClose()
    {
        lock (_lock)
        {
            if (!_state.TryCloseRemote())
                return;
        }

        _input.OnRemoteClose();
    }

    private void OnRemoteReset(ulong code)
    {
        End(StreamEndSide.Remote, code <= (ulong)ResetReason.Overloaded ? (ResetReason)code : ResetReason.Unspecified, afterData: false);
        // Also of a stream that is over for its owners: the other direction may still be open.
        AbortNow();
    }

    // The lines that it begins with have been acknowledged, or were given up: there is one that ends then.
    private void NoteArrived()
    {
        lock (_lock)
        {
            if (!_begins)
                return;
            _begins = false;
            if (_ends)
                return;
        }

        _tunnel.OnStreamPassed();
    }

    // Nothing is missing for its end but the peer's answer, which does not wait for room.
    private void NoteEnding()
    {
        lock (_lock)
        {
            if (_ends || _over || !_tunnel.IsEdge)
                return;
            _ends = true;
            if (_begins)
                return;
        }

        _tunnel.OnStreamEnding();
    }

    private void NoteOver()
    {
        lock (_lock)
        {
            _over = true;
            if (!_begins && !_ends)
                return;
            _begins = _ends = false;
        }

        _tunnel.OnStreamPassed();
    }

    // ---- the end

    // With afterData the reset goes when all that was sent has arrived: RESET_STREAM makes the peer throw away what it has not yet read from QUIC.
    private void End(StreamEndSide side, ResetReason reason, bool afterData)
    {
        bool wait;
        lock (_lock)
        {
            if (!_state.TryReset())
                return;
            wait = afterData && _output.HasUnacknowledged;
            _abortPending = wait;
            _abortReason = reason;
            if (wait)
                SweepUntilLocked(BlockedResetMilliseconds);
        }

        if (!wait)
            AbortNow();
        // It may have been acknowledged a moment ago.
        else if (!_output.HasUnacknowledged)
            AbortNow();

        if (side == StreamEndSide.Local)
        {
            _input.Discard();
            // Our own reasons do not wait for a slow peer; and one that has reset needs no flush.
            _endpoint?.Reset(flush: false);
        }
        else
        {
            _input.OnRemoteReset();
        }

        Finish(new StreamEnd(side, reason));
    }

    private void AbortNow()
    {
        lock (_lock)
        {
            _abortPending = false;
            if (_aborted)
                return;
            _aborted = true;
        }

        NoteEnding();
        _handle.Abort((ulong)_abortReason);
    }

    private void Complete()
    {
        _endpoint!.Close();
        if (!_output.HasUnacknowledged)
            NoteEnding();
        Finish(default);
    }

    private void Finish(in StreamEnd end)
    {
        IStreamObserver? observer;
        lock (_lock)
        {
            if (_finished)
                return;
            _finished = true;
            _end = end;
            observer = _observer;
        }

        _tunnel.StreamFinished(end);
        Tell(observer);
    }

    // The native stream has had its last event. It may go as soon as nothing of its memory is being written to a socket.
    private void Close()
    {
        NoteOver();
        _input.OnNativeEnd();
        _tunnel.Remove(this);
    }

    // An owner's mistake must not keep other streams from being ended.
    private void Tell(IStreamObserver? observer)
    {
        try
        {
            observer?.OnStreamClosed(this, _end);
        }
        catch (Exception e)
        {
            _tunnel.NoteDefect(e);
        }
    }

    private void SweepUntilLocked(long milliseconds)
    {
        _sweepDeadline = _tunnel.Context.NowMilliseconds + milliseconds;
        if (_inSweep)
            return;
        _inSweep = true;
        _tunnel.Context.Sweeper.Add(this);
    }
}
