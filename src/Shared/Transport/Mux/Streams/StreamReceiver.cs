using Tunnel.Shared.Protocol;
using Tunnel.Shared.Transport.Buffers;
using Tunnel.Shared.Transport.Mux.Core;

namespace Tunnel.Shared.Transport.Mux.Streams;

/// <summary>
/// The receiving half of a stream. Bytes go from the read loop's buffer straight into the local socket; only what that does not take is copied, counted
/// in the memory budget and written when there is room. Credit goes back when bytes were written. Has a lock of its own, never held over I/O, under
/// which the tunnel's lock is not taken.
/// </summary>
internal sealed class StreamReceiver(MuxCore core, MuxStreams streams, MuxStream stream) : IBufferingStream, ISweepable
{
    private const long DrainPatienceMilliseconds = 5_000;

    /// <summary>Bytes that are drained before other sockets have their turn.</summary>
    private const int InlineBytes = 64 << 10;

    private readonly Lock _lock = new();
    private readonly ReceiveQueue _queue = new(core.Context.Flow.Segments);
    private readonly StreamWindow _window = new(core);
    private ILocalEndpoint? _endpoint;
    private Ending _ending;
    private bool _writing;
    private bool _discarding;
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
    public long BufferedBytes => _queue.Length;

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
            DiscardLocked();
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
            _writing = drain = !_queue.IsEmpty;
            _progressAt = core.Context.NowMilliseconds;
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

    /// <summary>DATA has come. Called by the read loop alone.</summary>
    /// <returns>False when it is beyond the credit.</returns>
    public bool OnData(ReadOnlySpan<byte> data)
    {
        ILocalEndpoint? direct = null;
        var discarded = false;
        lock (_lock)
        {
            if (!_window.TryReceive(data.Length))
                return false;
            if (_discarding)
                discarded = true;
            else if (!_writing)
                direct = _endpoint;
        }

        if (discarded)
            OnWritten(data.Length, counts: false, request: false);
        else if (direct is not null)
            Write(direct, data);
        else
            Buffer(data);
        return true;
    }

    /// <summary>CLOSE has come: FIN after what waits.</summary>
    public void OnRemoteClose()
    {
        ILocalEndpoint? endpoint;
        lock (_lock)
        {
            _ending = Ending.Fin;
            endpoint = _writing ? null : _endpoint;
        }

        if (endpoint is not null)
            EndInOrder(endpoint);
    }

    /// <summary>RESET has come, or the tunnel is lost: RST after what waits, as long as the local peer keeps taking it.</summary>
    public void OnRemoteReset()
    {
        ILocalEndpoint? endpoint;
        lock (_lock)
        {
            _ending = Ending.Reset;
            if (_endpoint is null || _discarding)
                DiscardLocked();
            endpoint = _writing ? null : _endpoint;
        }

        if (endpoint is not null)
            endpoint.Reset(flush: true);
        else if (_writing)
            core.Context.Sweeper.Add(this);
    }

    /// <summary>The local peer is gone: nothing is kept from now on, and credit is given for what comes all the same.</summary>
    public void Discard()
    {
        lock (_lock)
            DiscardLocked();
        OnWritten(0, counts: false, request: true);
    }

    /// <summary>The stream is over: its window's growth goes back, and it grows no more while it drains.</summary>
    public void ReleaseGrowth()
    {
        lock (_lock)
            _window.Release();
    }

    /// <summary>Nothing has moved for a while: the window starts small again.</summary>
    public void OnIdle()
    {
        lock (_lock)
            _window.OnIdle();
    }

    // A stream that was reset while it still drains gets its time; one whose local peer has taken nothing for long, before the reset or since, is cut off.
    bool ISweepable.Sweep()
    {
        ILocalEndpoint endpoint;
        lock (_lock)
        {
            if (!_writing)
                return false;
            if (core.Context.NowMilliseconds - _progressAt < DrainPatienceMilliseconds)
                return true;
            DiscardLocked();
            endpoint = _endpoint!;
        }

        endpoint.Reset(flush: false);
        return false;
    }

    private void Write(ILocalEndpoint endpoint, ReadOnlySpan<byte> data)
    {
        var written = endpoint.TryWrite(data);
        if (written < 0)
        {
            Discard();
            OnWritten(data.Length, counts: false, request: false);
            stream.NotifyLocalReset();
            return;
        }

        if (written > 0)
            OnWritten(written, counts: true, request: false);
        if (written < data.Length)
            Buffer(data[written..]);
    }

    private void Buffer(ReadOnlySpan<byte> data)
    {
        data = data[Append(data)..];
        while (!data.IsEmpty)
        {
            core.Context.Flow.Relieve();

            // Others race for what was freed; a stream that finds nothing then is itself too much.
            var taken = Append(data[..Math.Min(data.Length, SegmentPool.SmallSize)]);
            if (taken == 0)
                ResetForMemory();
            data = data[taken..];
        }

        StartDrain();
    }

    // Returns how many bytes need no more care: queued, or dropped when nothing is wanted any more.
    private int Append(ReadOnlySpan<byte> data)
    {
        lock (_lock)
        {
            if (!_discarding)
            {
                var wasEmpty = _queue.IsEmpty;
                var taken = _queue.Append(data);
                if (wasEmpty && taken > 0)
                    core.Context.Flow.AddBuffering(this);
                return taken;
            }
        }

        OnWritten(data.Length, counts: false, request: false);
        return data.Length;
    }

    // After anything was queued: since it was decided to queue it an earlier drain may have ended, or the endpoint may have come. So when the read loop
    // comes next and nothing drains, nothing waits, and it may write directly.
    private void StartDrain()
    {
        ILocalEndpoint endpoint;
        lock (_lock)
        {
            if (_writing || _endpoint is null || _queue.IsEmpty)
                return;
            _writing = true;
            _progressAt = core.Context.NowMilliseconds;
            endpoint = _endpoint;
        }

        _ = DrainAsync(endpoint);
    }

    private async Task DrainAsync(ILocalEndpoint endpoint)
    {
        var inline = 0;
        while (true)
        {
            ReadOnlyMemory<byte> next;
            Ending ending;
            lock (_lock)
            {
                if (_discarding)
                    ClearLocked();
                if (_queue.IsEmpty)
                {
                    _writing = false;
                    core.Context.Flow.RemoveBuffering(this);
                    // A reset stream whose local peer has gone in the middle still has its socket to be closed.
                    ending = _discarding && _ending != Ending.Reset ? Ending.None : _ending;
                    next = default;
                }
                else
                {
                    next = _queue.Peek();
                    ending = Ending.None;
                }
            }

            if (next.IsEmpty)
            {
                if (ending == Ending.Fin)
                    EndInOrder(endpoint);
                else if (ending == Ending.Reset)
                    endpoint.Reset(flush: true);
                return;
            }

            var writing = endpoint.WriteAsync(next);
            inline = writing.IsCompleted ? inline + next.Length : 0;
            var written = await writing;
            if (!written)
            {
                Discard();
                stream.NotifyLocalReset();
                continue;
            }

            lock (_lock)
            {
                _queue.Consume(next.Length);
                _progressAt = core.Context.NowMilliseconds;
            }

            OnWritten(next.Length, counts: true, request: true);
            if (inline < InlineBytes)
                continue;
            await core.Yield();
            inline = 0;
        }
    }

    private void EndInOrder(ILocalEndpoint endpoint)
    {
        endpoint.ShutdownWrite();
        stream.OnDelivered();
    }

    // Bytes have left: counts them, lets the window grow, returns credit.
    private void OnWritten(int count, bool counts, bool request)
    {
        if (counts)
            Interlocked.Add(ref _delivered, count);
        int credit;
        lock (_lock)
            credit = _window.OnWritten(count, _delivered, _queue.IsEmpty);

        if (counts)
            streams.OnDelivered(stream, count);
        if (credit > 0)
            stream.ReturnCredit(credit, request);
    }

    // A write may be under way: then its segment stays until it has ended.
    private void DiscardLocked()
    {
        _discarding = true;
        if (_writing)
            _window.Drop(_queue.DropAllButFirst());
        else
            ClearLocked();
    }

    private void ClearLocked()
    {
        if (_queue.IsEmpty)
            return;
        _window.Drop(_queue.Length);
        _queue.Clear();
        core.Context.Flow.RemoveBuffering(this);
    }
}
