using Tunnel.Shared.Protocol;
using Tunnel.Shared.Protocol.Flow;
using Tunnel.Shared.Protocol.Frames;
using Tunnel.Shared.Transport.Mux.Core;
using Tunnel.Shared.Transport.Streams;

namespace Tunnel.Shared.Transport.Mux.Streams;

/// <summary>
/// One stream of the mux: its control frames, and the object that joins its halves and its life. <see cref="StreamSender"/> and
/// <see cref="StreamReceiver"/> carry the bytes, <see cref="StreamLife"/> orders its end. The core's lock guards the state; no I/O happens
/// under it.
/// </summary>
internal sealed class MuxStream : MuxNode, IStreamCarrier
{
    /// <summary>How long a base peer may take to close a stream that this side has aborted.</summary>
    private const long BaseAbortMilliseconds = 30_000;

    private readonly MuxCore _core;
    private readonly MuxStreams _streams;
    private readonly StreamOpening _opening;
    private readonly StreamSender _sender;
    private readonly StreamReceiver _receiver;
    private readonly StreamLife _life;
    private bool _openPending;
    private bool _closePending;
    private bool _resetPending;
    private ResetReason _resetReason;
    private uint _creditPending;

    public MuxStream(MuxStreams streams, uint id, in StreamOpening opening, bool weOpen)
    {
        _core = streams.Core;
        _streams = streams;
        Id = id;
        _opening = opening;
        _openPending = weOpen;
        _sender = new StreamSender(_core, streams, this);
        _receiver = new StreamReceiver(_core, streams, this);
        _life = new StreamLife(_core.Sync, this, _receiver.Delivery, _core.Context);
    }

    public uint Id { get; }

    public IStreamObserver? Observer
    {
        get => _life.Observer;
        set => _life.Observer = value;
    }

    public long BytesSent => _sender.Bytes;

    public long BytesReceived => _receiver.Delivery.Bytes;

    public StreamReceiver Receiver => _receiver;

    public StreamLife Life => _life;

    /// <summary>The stream's state. Used under the core's lock.</summary>
    public StreamState State => _life.State;

    /// <summary>When data last moved. Used by <see cref="ActiveStreams"/>.</summary>
    public long LastActive { get; set; }

    /// <summary>Its index among the active streams, or -1. Used by <see cref="ActiveStreams"/>.</summary>
    public int ActiveIndex { get; set; } = -1;

    /// <summary>
    /// Measures whether the stream moves bulk. Used by <see cref="ActiveStreams"/>. It is a field, since it is a mutable structure.
    /// </summary>
    public BulkMeter Bulk;

    /// <summary>True while the table has the stream, so that frames for it find it. Used under the core's lock.</summary>
    public bool IsKnown { get; set; }

    public override bool HasMoreControl => _openPending || _resetPending || _closePending || _creditPending > 0;

    // ---- the local end

    public void Attach(ILocalEndpoint endpoint) => _life.Attach(endpoint);

    /// <summary>Sets the local end of a client's stream at its start. Called under the core's lock.</summary>
    public void AttachNew(ILocalEndpoint endpoint) => _life.AttachNew(endpoint);

    public void NotifyReadable()
    {
        lock (_core.Sync)
        {
            if (!State.CanSend)
                return;
            _core.Scheduler.EnqueueData(this);
        }

        _core.Wake();
    }

    public void CountIn(TrafficMeter traffic) => _life.CountIn(traffic);

    public void NotifyLocalReset() => _life.NotifyLocalReset();

    public void Reset(ResetReason reason) => _life.Reset(reason);

    // ---- frames of the peer (read loop)

    /// <summary>Handles CLOSE or CLOSE_BACK.</summary>
    /// <returns>False when it breaks the protocol.</returns>
    public bool OnRemoteClose()
    {
        lock (_core.Sync)
        {
            if (State.WasReset)
            {
                // This is a base peer's answer to our abort.
                _streams.Remove(this);
                return true;
            }

            if (!_life.TryCloseRemote())
                return false;
        }

        _receiver.Delivery.OnRemoteClose();
        return true;
    }

    /// <summary>Handles WINDOW_UPDATE.</summary>
    /// <returns>False when it breaks the protocol.</returns>
    public bool OnCredit(uint bytes)
    {
        lock (_core.Sync)
            return _sender.OnCredit(bytes);
    }

    /// <summary>True until the peer's CLOSE. A stream that this side has aborted also takes a base peer's DATA, and drops it.</summary>
    public bool TakesData
    {
        get
        {
            lock (_core.Sync)
                return !State.RemoteClosed;
        }
    }

    /// <summary>Returns credit to the peer with the next batch.</summary>
    public void ReturnCredit(int bytes, bool request)
    {
        lock (_core.Sync)
        {
            if (!IsKnown || State.RemoteClosed)
                return;
            _creditPending += (uint)bytes;
            _core.Scheduler.EnqueueControl(this);
        }

        if (request)
            _core.Wake();
    }

    // ---- the writer

    public override int WriteControl(Span<byte> buffer)
    {
        var used = 0;
        if (_openPending)
        {
            _openPending = false;
            used += FrameEncoder.Open(buffer, Id, _opening, _core.Terms.Features);
            if (State.CanSend)
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

    public override int WriteData(Span<byte> buffer, int limit, long now) => _sender.Write(_life.Endpoint!, buffer, limit, now);

    /// <summary>The local peer has sent its last byte: writes CLOSE.</summary>
    /// <returns>Bytes written.</returns>
    public int OnLocalEnd(Span<byte> buffer)
    {
        lock (_core.Sync)
            _core.Scheduler.RemoveData(this);
        if (!_life.TryEndLocal(out var completes))
            return 0;
        var written = FrameEncoder.Close(buffer, Id, _core.IsEdge);
        if (completes)
            _life.Complete();
        return written;
    }

    /// <summary>The local peer has reset, and all that it sent before was read: queues RESET.</summary>
    /// <returns>0, because the frame is sent as a control frame.</returns>
    public int OnLocalReset()
    {
        lock (_core.Sync)
            _core.Scheduler.RemoveData(this);
        _life.OnLocalReset();
        return 0;
    }

    // ---- calls of its life

    bool IStreamCarrier.IsBlocked => _sender.WaitsForCredit;

    long IStreamCarrier.BlockedSince => _sender.WaitsSince;

    long IStreamCarrier.LastProgress => 0;

    // Only a stream with a base peer waits: all others are forgotten with RESET.
    bool IStreamCarrier.WaitsAfterReset => IsKnown;

    void IStreamCarrier.BeginReading(ILocalEndpoint endpoint) => _sender.Arm(endpoint);

    // Data that was sent is in a batch or in the kernel already, so a frame that is sent now follows it.
    void IStreamCarrier.PrepareReset(in StreamEnd end, bool behindData)
    {
        _core.Scheduler.RemoveData(this);
        if (end.Side == StreamEndSide.Local && !_core.IsDead)
            QueueAbort(end.Reason);
        else
            _streams.Remove(this);
        if (HasMoreControl)
            _core.NoteOver(this);
    }

    void IStreamCarrier.SendReset() => _core.Wake();

    void IStreamCarrier.GiveUpWaiting()
    {
        lock (_core.Sync)
            _streams.Remove(this);
    }

    void IStreamCarrier.Discard() => _receiver.Discard();

    void IStreamCarrier.OnFinished(in StreamEnd end)
    {
        lock (_core.Sync)
        {
            if (end.Completed)
            {
                _streams.Remove(this);
                if (HasMoreControl)
                    _core.NoteOver(this);
            }

            _streams.Finish(this);
        }

        _receiver.ReleaseGrowth();
    }

    void IStreamCarrier.NoteDefect(Exception exception) => _core.Events.OnDefect(exception);

    // A base peer gets CLOSE for an abort; its data is dropped and credited until it closes too.
    private void QueueAbort(ResetReason reason)
    {
        if ((_core.Terms.Features & TunnelFeatures.Reset) != 0)
        {
            _resetPending = true;
            _resetReason = reason;
            _streams.Remove(this);
        }
        else
        {
            _closePending = !State.LocalClosed;
            if (State.RemoteClosed)
            {
                _streams.Remove(this);
            }
            else
            {
                _streams.KeepAborted(this);
                _life.WaitUntil(_core.Context.NowMilliseconds + BaseAbortMilliseconds);
            }
        }

        _core.Scheduler.EnqueueControl(this);
    }
}
