using Tunnel.Shared.Protocol;
using Tunnel.Shared.Protocol.Flow;
using Tunnel.Shared.Protocol.Frames;
using Tunnel.Shared.Transport.Mux.Core;

namespace Tunnel.Shared.Transport.Mux.Streams;

/// <summary>
/// One stream of the mux: its life from OPEN to the end, and its control frames. <see cref="StreamSender"/> and <see cref="StreamReceiver"/> carry the
/// bytes. State is guarded by the tunnel's lock; no I/O happens under it.
/// </summary>
internal sealed class MuxStream : MuxNode, ITunnelStream, ISweepable
{
    /// <summary>A reset waits for data that came before it, unless that has been blocked on credit for this long (protocol.md section 3).</summary>
    private const long BlockedResetMilliseconds = 5_000;

    /// <summary>A base peer gets this long to close what we have aborted.</summary>
    private const long BaseAbortMilliseconds = 30_000;

    private readonly MuxCore _core;
    private readonly MuxStreams _streams;
    private readonly StreamOpening _opening;
    private readonly StreamSender _sender;
    private readonly StreamReceiver _receiver;
    private IStreamObserver? _observer;
    private StreamEnd _end;
    private ILocalEndpoint? _endpoint;
    private StreamState _state;
    private bool _openPending;
    private bool _closePending;
    private bool _resetPending;
    private ResetReason _resetReason;
    private uint _creditPending;
    private bool _localReset;
    private bool _finished;
    private bool _inSweep;
    private long _sweepDeadline;

    public MuxStream(MuxStreams streams, uint id, in StreamOpening opening, bool weOpen)
    {
        _core = streams.Core;
        _streams = streams;
        Id = id;
        _opening = opening;
        _openPending = weOpen;
        _sender = new StreamSender(_core, streams, this);
        _receiver = new StreamReceiver(_core, streams, this);
    }

    public uint Id { get; }

    public IStreamObserver? Observer
    {
        get => _observer;
        set
        {
            lock (_core.Sync)
            {
                _observer = value;
                if (!_finished)
                    return;
            }

            // The tunnel was lost before the owner could say who wants to know.
            Tell(value);
        }
    }

    public long BytesSent => _sender.Bytes;

    public long BytesReceived => _receiver.Delivered;

    public StreamReceiver Receiver => _receiver;

    /// <summary>What may still happen. Under the tunnel's lock.</summary>
    public StreamState State => _state;

    /// <summary>When data last moved. Of <see cref="ActiveStreams"/>.</summary>
    public long LastActive { get; set; }

    /// <summary>Its place among the active streams, or -1. Of <see cref="ActiveStreams"/>.</summary>
    public int ActiveIndex { get; set; } = -1;

    /// <summary>Whether it moves bulk. Of <see cref="ActiveStreams"/>.</summary>
    public BulkMeter Bulk;

    /// <summary>True while the tunnel's table has it, so that frames for it find it. Under the tunnel's lock.</summary>
    public bool IsKnown { get; set; }

    public override bool HasMoreControl => _openPending || _resetPending || _closePending || _creditPending > 0;

    // ---- the local end

    public void Attach(ILocalEndpoint endpoint)
    {
        lock (_core.Sync)
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
        _receiver.Attach(endpoint);
        _sender.Arm(endpoint);
    }

    /// <summary>A client's stream has its local end from the start; under the tunnel's lock.</summary>
    public void AttachNew(ILocalEndpoint endpoint)
    {
        _endpoint = endpoint;
        endpoint.Start(this);
        _receiver.Attach(endpoint);
    }

    public void NotifyReadable()
    {
        lock (_core.Sync)
        {
            if (!_state.CanSend)
                return;
            _core.Scheduler.EnqueueData(this);
        }

        _core.Wake();
    }

    public void NotifyLocalReset()
    {
        bool allSent;
        lock (_core.Sync)
        {
            if (_state.IsGone || _localReset)
                return;
            _localReset = true;
            allSent = _state.LocalClosed;
            if (!allSent)
            {
                // What it sent before the reset is still to be read; the reset itself is found behind it.
                if (_sender.WaitsForCredit)
                    SweepUntil(_sender.WaitsSince + BlockedResetMilliseconds);
                else
                    _core.Scheduler.EnqueueData(this);
            }
        }

        if (allSent)
            End(StreamEndSide.Local, ResetReason.ResetByPeer, tellPeer: true);
        else
            _core.Wake();
    }

    public void Reset(ResetReason reason) => End(StreamEndSide.Local, reason, tellPeer: true);

    // ---- what comes from the peer (read loop)

    /// <summary>CLOSE or CLOSE_BACK.</summary>
    /// <returns>False when it breaks the protocol.</returns>
    public bool OnRemoteClose()
    {
        lock (_core.Sync)
        {
            if (_state.WasReset)
            {
                // A base peer answers our abort.
                _streams.Remove(this);
                return true;
            }

            if (!_state.TryCloseRemote())
                return false;
        }

        _receiver.OnRemoteClose();
        return true;
    }

    public void OnRemoteReset(ResetReason reason) => End(StreamEndSide.Remote, reason, tellPeer: false);

    public void OnTunnelLost() => End(StreamEndSide.Tunnel, ResetReason.Unspecified, tellPeer: false);

    /// <summary>WINDOW_UPDATE.</summary>
    /// <returns>False when it breaks the protocol.</returns>
    public bool OnCredit(uint bytes)
    {
        lock (_core.Sync)
            return _sender.OnCredit(bytes);
    }

    /// <summary>True until the peer's CLOSE. A stream that we have aborted takes a base peer's DATA too, and drops it.</summary>
    public bool TakesData
    {
        get
        {
            lock (_core.Sync)
                return !_state.RemoteClosed;
        }
    }

    // ---- what the receiving half has to say

    /// <summary>Credit goes back to the peer with the next batch.</summary>
    public void ReturnCredit(int bytes, bool request)
    {
        lock (_core.Sync)
        {
            if (!IsKnown || _state.RemoteClosed)
                return;
            _creditPending += (uint)bytes;
            _core.Scheduler.EnqueueControl(this);
        }

        if (request)
            _core.Wake();
    }

    /// <summary>The local peer has everything and its FIN.</summary>
    public void OnDelivered()
    {
        bool completed;
        lock (_core.Sync)
            completed = _state.TryDeliver() && _state.Completed;
        if (completed)
            Complete();
    }

    // ---- the writer

    public override int WriteControl(Span<byte> buffer)
    {
        var used = 0;
        if (_openPending)
        {
            _openPending = false;
            used += FrameEncoder.Open(buffer, Id, _opening, _core.Terms.Features);
            if (_state.CanSend)
                _core.Scheduler.EnqueueData(this);
        }

        if (_creditPending > 0)
        {
            used += FrameEncoder.Credit(buffer[used..], Id, _core.IsEdge, _creditPending);
            _creditPending = 0;
        }

        if (_resetPending)
        {
            _resetPending = false;
            used += FrameEncoder.Reset(buffer[used..], Id, _resetReason);
        }

        if (_closePending)
        {
            _closePending = false;
            used += FrameEncoder.Close(buffer[used..], Id, _core.IsEdge);
        }

        return used;
    }

    public override int WriteData(Span<byte> buffer, int limit, long now) => _sender.Write(_endpoint!, buffer, limit, now);

    // ---- what the sending half has to say

    /// <summary>There is no credit. A reset that waits behind the blocked data does not wait for ever. With the lock held.</summary>
    public void OnBlockedLocked()
    {
        if (_localReset)
            SweepUntil(_sender.WaitsSince + BlockedResetMilliseconds);
    }

    /// <summary>The local peer has sent its last byte: CLOSE.</summary>
    /// <returns>Bytes written.</returns>
    public int OnLocalEnd(Span<byte> buffer)
    {
        bool completed;
        lock (_core.Sync)
        {
            _core.Scheduler.RemoveData(this);
            if (!_state.TryCloseLocal())
                return 0;
            completed = _state.Completed;
        }

        var written = FrameEncoder.Close(buffer, Id, _core.IsEdge);
        if (completed)
            Complete();
        return written;
    }

    /// <summary>The local peer has reset, and all that it sent before is read: RESET.</summary>
    /// <returns>0: the frame goes as control.</returns>
    public int OnLocalReset()
    {
        lock (_core.Sync)
            _core.Scheduler.RemoveData(this);
        End(StreamEndSide.Local, ResetReason.ResetByPeer, tellPeer: true);
        return 0;
    }

    bool ISweepable.Sweep()
    {
        lock (_core.Sync)
        {
            _inSweep = IsKnown && _core.Context.NowMilliseconds < _sweepDeadline;
            if (_inSweep)
                return true;
            if (!IsKnown)
                return false;
            if (_state.WasReset)
            {
                _streams.Remove(this);
                return false;
            }

            // Credit came meanwhile: the reset is found behind the data.
            if (!_sender.WaitsForCredit)
                return false;
        }

        End(StreamEndSide.Local, ResetReason.ResetByPeer, tellPeer: true);
        return false;
    }

    // ---- the end

    private void End(StreamEndSide side, ResetReason reason, bool tellPeer)
    {
        lock (_core.Sync)
        {
            var closed = _state.LocalClosed;
            if (!_state.TryReset())
                return;
            _core.Scheduler.RemoveData(this);
            if (tellPeer && !_core.IsDead)
                QueueAbort(reason, closed);
            else
                _streams.Remove(this);
            if (HasMoreControl)
                _core.NoteOver(this);
        }

        if (side == StreamEndSide.Local)
        {
            _receiver.Discard();
            // Our own reasons do not wait for a slow peer; and one that has reset needs no flush.
            _endpoint?.Reset(flush: false);
        }
        else
        {
            _receiver.OnRemoteReset();
        }

        Finish(new StreamEnd(side, reason));
        _core.Wake();
    }

    // Towards a base peer an abort is CLOSE; its data is dropped and credited until it closes too.
    private void QueueAbort(ResetReason reason, bool closed)
    {
        if ((_core.Terms.Features & TunnelFeatures.Reset) != 0)
        {
            _resetPending = true;
            _resetReason = reason;
            _streams.Remove(this);
        }
        else if (_state.RemoteClosed)
        {
            _closePending = !closed;
            _streams.Remove(this);
        }
        else
        {
            _closePending = !closed;
            _streams.KeepAborted(this);
            SweepUntil(_core.Context.NowMilliseconds + BaseAbortMilliseconds);
        }

        _core.Scheduler.EnqueueControl(this);
    }

    private void Complete()
    {
        lock (_core.Sync)
        {
            _streams.Remove(this);
            if (HasMoreControl)
                _core.NoteOver(this);
        }

        _endpoint!.Close();
        Finish(default);
    }

    private void Finish(in StreamEnd end)
    {
        IStreamObserver? observer;
        lock (_core.Sync)
        {
            if (_finished)
                return;
            _finished = true;
            _end = end;
            observer = _observer;
            _streams.Finish(this, end);
        }

        _receiver.ReleaseGrowth();
        Tell(observer);
    }

    // An owner's mistake must not keep other streams from being ended, nor bring down the sweeper's timer.
    private void Tell(IStreamObserver? observer)
    {
        try
        {
            observer?.OnStreamClosed(this, _end);
        }
        catch (Exception e)
        {
            _core.Events.OnDefect(e);
        }
    }

    private void SweepUntil(long deadline)
    {
        _sweepDeadline = deadline;

        // Once: a peer that gives credit in crumbs makes this come again and again.
        if (_inSweep)
            return;
        _inSweep = true;
        _core.Context.Sweeper.Add(this);
    }
}
