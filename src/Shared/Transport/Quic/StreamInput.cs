using Tunnel.Shared.Protocol;
using Tunnel.Shared.Transport.Quic.Native;

namespace Tunnel.Shared.Transport.Quic;

/// <summary>
/// The receiving half of a stream. Bytes go from msquic's buffers straight into the local socket. What that does not take stays in msquic as a pending
/// receive, counted in the memory budget, until the socket takes it: its peer gets no credit for it meanwhile. One piece at a time waits for the socket,
/// then the rest is indicated again with what has come since.
/// </summary>
internal sealed class StreamInput(QuicTunnel tunnel, QuicStream stream, OpeningLines? lines) : IBufferingStream, ISweepable
{
    private const long DrainPatienceMilliseconds = 5_000;
    private const int LargestPiece = 256 << 10;

    private readonly Lock _lock = new();
    private readonly HeldReceive _held = new();
    private OpeningLines? _lines = lines;
    private ILocalEndpoint? _endpoint;
    private Ending _ending;
    private bool _writing;
    private bool _discarding;
    private bool _nativeEnded;
    private int _charged;
    private long _delivered;
    private long _progressAt;

    private enum Ending
    {
        None,
        Fin,
        Reset,
    }

    /// <summary>Bytes given to the local peer.</summary>
    public long Delivered => Volatile.Read(ref _delivered);

    /// <inheritdoc/>
    public long BufferedBytes => Volatile.Read(ref _charged);

    /// <inheritdoc/>
    public void ResetForMemory()
    {
        stream.Reset(ResetReason.Memory);

        // One that the peer has reset already and that only drains has no state left to change, but memory to give up.
        ILocalEndpoint? endpoint;
        lock (_lock)
        {
            if (_discarding)
                return;
            _discarding = true;
            endpoint = _endpoint;
        }

        endpoint?.Reset(flush: false);
    }

    /// <summary>Gives the local end; what has come so far is written first.</summary>
    public void Attach(ILocalEndpoint endpoint)
    {
        bool gone;
        bool drain;
        bool end;
        lock (_lock)
        {
            _endpoint = endpoint;
            gone = _discarding;
            _writing = drain = !gone && !_held.IsEmpty;
            _progressAt = tunnel.Context.NowMilliseconds;
            end = !drain && _ending == Ending.Fin;
        }

        // The stream may have been reset a moment ago, and found no endpoint to pass that on to.
        if (gone)
            endpoint.Reset(flush: false);
        else if (drain)
            _ = DrainAsync(endpoint);
        else if (end)
            EndInOrder(endpoint);
    }

    /// <summary>Bytes have come; on a worker of msquic, and not again before those were completed.</summary>
    public unsafe int OnReceive(in StreamEvent e)
    {
        var buffers = new ReadOnlySpan<NativeBuffer>(e.ReceiveBuffers, (int)e.ReceiveCount);
        var total = (int)e.ReceiveLength;
        var taken = 0;
        if (_lines is not null && !TryOpen(buffers, out taken))
            return QuicStatus.Success;

        ILocalEndpoint? endpoint;
        lock (_lock)
        {
            if (_discarding)
                return QuicStatus.Success;
            endpoint = _endpoint;
        }

        if (endpoint is not null)
        {
            var written = Write(endpoint, buffers, taken);
            if (written < 0)
            {
                Discard();
                stream.NotifyLocalReset();
                return QuicStatus.Success;
            }

            taken += written;
            if (written > 0)
                Count(written);
        }

        return taken == total ? QuicStatus.Success : Hold(buffers, taken, total);
    }

    /// <summary>FIN has come, and all before it was delivered.</summary>
    public void OnRemoteClose()
    {
        if (_lines is not null)
        {
            stream.OnMalformed();
            return;
        }

        ILocalEndpoint? endpoint;
        lock (_lock)
        {
            _ending = Ending.Fin;
            endpoint = _endpoint;
        }

        if (endpoint is not null)
            EndInOrder(endpoint);
    }

    /// <summary>A reset has come, or the tunnel is lost: RST after what waits, as long as the local peer keeps taking it.</summary>
    public void OnRemoteReset()
    {
        ILocalEndpoint? endpoint;
        bool drains;
        lock (_lock)
        {
            _ending = Ending.Reset;
            if (_endpoint is null)
                _discarding = true;
            drains = _writing;
            endpoint = drains ? null : _endpoint;
            if (!drains)
                ReleaseLocked();
        }

        if (endpoint is not null)
            endpoint.Reset(flush: true);
        else if (drains)
            tunnel.Context.Sweeper.Add(this);
    }

    /// <summary>The local peer is gone: nothing is kept from now on, and what comes is taken all the same.</summary>
    public void Discard()
    {
        int completed;
        lock (_lock)
        {
            _discarding = true;
            if (_writing || _held.IsEmpty)
                return;
            completed = _held.Taken + _held.Rest;
            ReleaseLocked();
        }

        stream.Handle.CompleteReceive((ulong)completed, partly: false);
    }

    /// <summary>The native stream has had its last event, and may be closed once nothing of its memory is being written.</summary>
    public void OnNativeEnd()
    {
        lock (_lock)
        {
            _nativeEnded = true;
            if (_writing)
                return;
            ReleaseLocked();
        }

        stream.Handle.Dispose();
    }

    // A stream that was reset while it still drains gets its time; one whose local peer takes nothing is cut off.
    bool ISweepable.Sweep()
    {
        ILocalEndpoint endpoint;
        lock (_lock)
        {
            if (!_writing)
                return false;
            if (tunnel.Context.NowMilliseconds - _progressAt < DrainPatienceMilliseconds)
                return true;
            _discarding = true;
            endpoint = _endpoint!;
        }

        endpoint.Reset(flush: false);
        return false;
    }

    // Returns true when the lines are complete; taken is where the client's bytes begin.
    private bool TryOpen(ReadOnlySpan<NativeBuffer> buffers, out int taken)
    {
        taken = 0;
        foreach (var buffer in buffers)
        {
            var count = _lines!.Take(buffer.Span);
            if (count < 0)
            {
                stream.OnMalformed();
                return false;
            }

            taken += count;
            if (count < buffer.Length)
                break;
        }

        if (!_lines!.IsComplete)
            return false;
        var opening = _lines.Parse();
        _lines = null;
        if (opening is { } value)
            tunnel.OnStreamOpened(stream, value);
        else
            stream.OnMalformed();
        return opening is not null;
    }

    private static int Write(ILocalEndpoint endpoint, ReadOnlySpan<NativeBuffer> buffers, int skip)
    {
        var written = 0;
        foreach (var buffer in buffers)
        {
            var data = buffer.Span[Math.Min(skip, (int)buffer.Length)..];
            skip -= (int)buffer.Length - data.Length;
            if (data.IsEmpty)
                continue;
            var count = endpoint.TryWrite(data);
            if (count < 0)
                return -1;
            written += count;
            if (count < data.Length)
                break;
        }

        return written;
    }

    private int Hold(ReadOnlySpan<NativeBuffer> buffers, int taken, int total)
    {
        if (!TryCharge(total - taken))
        {
            ResetForMemory();
            return QuicStatus.Success;
        }

        ILocalEndpoint? endpoint;
        lock (_lock)
        {
            if (_discarding)
            {
                tunnel.Context.Flow.Budget.Return(total - taken);
                return QuicStatus.Success;
            }

            _held.Set(buffers, taken, total);
            _charged = total - taken;
            _progressAt = tunnel.Context.NowMilliseconds;
            endpoint = _endpoint;
            _writing = endpoint is not null;
            tunnel.Context.Flow.AddBuffering(this);
        }

        if (endpoint is not null)
            _ = DrainAsync(endpoint);
        return QuicStatus.Pending;
    }

    private bool TryCharge(int bytes)
    {
        var flow = tunnel.Context.Flow;
        if (flow.Budget.TryTake(bytes))
            return true;
        flow.Relieve();
        // Others race for what was freed; a stream that finds nothing then is itself too much.
        return flow.Budget.TryTake(bytes);
    }

    private async Task DrainAsync(ILocalEndpoint endpoint)
    {
        while (true)
        {
            ReadOnlyMemory<byte> next = default;
            var ending = Ending.None;
            lock (_lock)
            {
                if (_discarding)
                    ReleaseLocked();
                if (_held.IsEmpty)
                {
                    ReleaseLocked();
                    _writing = false;
                    ending = _ending;
                }
                else
                {
                    next = _held.Peek(LargestPiece);
                }
            }

            if (next.IsEmpty)
            {
                // A reset stream whose local peer has gone in the middle still has its socket to be closed.
                if (ending == Ending.Reset)
                    endpoint.Reset(flush: true);
                CloseIfEnded();
                return;
            }

            if (!await endpoint.WriteAsync(next))
            {
                lock (_lock)
                    _discarding = true;
                stream.NotifyLocalReset();
                continue;
            }

            Count(next.Length);
            if (!TryHandBack(next.Length))
                continue;
            CloseIfEnded();
            return;
        }
    }

    // The socket took a piece. While the stream lives msquic tells the rest again; when it was reset there is only what was told before.
    private bool TryHandBack(int written)
    {
        int taken;
        bool partly;
        lock (_lock)
        {
            _held.Consume(written);
            _progressAt = tunnel.Context.NowMilliseconds;
            if (_ending == Ending.Reset || _discarding)
                return false;
            taken = _held.Taken;
            partly = _held.Rest > 0;
            ReleaseLocked();
            _writing = false;
        }

        stream.Handle.CompleteReceive((ulong)taken, partly);
        return true;
    }

    private void CloseIfEnded()
    {
        lock (_lock)
        {
            if (!_nativeEnded || _writing)
                return;
        }

        // Not here: it may be the connection's last, whose close has to be waited for, and this is a thread of the socket engine.
        ThreadPool.UnsafeQueueUserWorkItem(static handle => handle.Dispose(), stream.Handle, preferLocal: false);
    }

    private void EndInOrder(ILocalEndpoint endpoint)
    {
        endpoint.ShutdownWrite();
        stream.OnDelivered();
    }

    private void Count(int bytes)
    {
        Interlocked.Add(ref _delivered, bytes);
        tunnel.Traffic.CountReceived(bytes);
    }

    private void ReleaseLocked()
    {
        _held.Clear();
        if (_charged == 0)
            return;
        tunnel.Context.Flow.Budget.Return(_charged);
        tunnel.Context.Flow.RemoveBuffering(this);
        _charged = 0;
    }
}
