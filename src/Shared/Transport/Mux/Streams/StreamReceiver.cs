using Tunnel.Shared.Guarding;
using Tunnel.Shared.Protocol;
using Tunnel.Shared.Transport.Buffers;
using Tunnel.Shared.Transport.Mux.Core;
using Tunnel.Shared.Transport.Streams;

namespace Tunnel.Shared.Transport.Mux.Streams;

/// <summary>
/// The receiving half of a stream. Bytes go from the read loop's buffer straight into the local socket; only bytes that the socket does not
/// take are copied, counted in the memory budget, and written when there is room. Credit is returned when bytes were written. The lock of
/// its <see cref="LocalDelivery"/> guards it; that lock is never held over I/O, and the core's lock is not taken under it.
/// </summary>
internal sealed class StreamReceiver : IBufferingStream, IUndelivered
{
    /// <summary>Bytes that are drained before other sockets have their turn.</summary>
    private const int InlineBytes = 64 << 10;

    private readonly MuxCore _core;
    private readonly MuxStreams _streams;
    private readonly MuxStream _stream;
    private readonly LocalDelivery _delivery;
    private readonly ReceiveQueue _queue;
    private readonly StreamWindow _window;

    public StreamReceiver(MuxCore core, MuxStreams streams, MuxStream stream)
    {
        _core = core;
        _streams = streams;
        _stream = stream;
        _delivery = new LocalDelivery(this, _core.Context);
        _queue = new ReceiveQueue(_core.Context.Flow.Segments);
        _window = new StreamWindow(core);
    }

    public LocalDelivery Delivery => _delivery;

    /// <inheritdoc/>
    public long BufferedBytes => _queue.Length;

    bool IUndelivered.IsEmpty => _queue.IsEmpty;

    /// <inheritdoc/>
    public void ResetForMemory()
    {
        _stream.Reset(ResetReason.Memory);
        _delivery.GiveUp();
    }

    /// <summary>Handles DATA. Only the read loop calls this.</summary>
    /// <returns>False when the data exceeds the credit.</returns>
    public bool OnData(ReadOnlySpan<byte> data)
    {
        ILocalEndpoint? direct = null;
        var discarded = false;
        lock (_delivery.Sync)
        {
            if (!_window.TryReceive(data.Length))
                return false;
            if (_delivery.IsDiscarding)
                discarded = true;
            else if (!_delivery.IsWriting)
                direct = _delivery.Endpoint;
        }

        if (discarded)
            ReturnCredit(data.Length, wakes: false);
        else if (direct is not null)
            Write(direct, data);
        else
            Buffer(data);
        return true;
    }

    /// <summary>The local peer is gone: nothing is kept from now on, and bytes that still come are credited.</summary>
    public void Discard()
    {
        lock (_delivery.Sync)
            _delivery.Discard();
        ReturnCredit(0, wakes: true);
    }

    /// <summary>Returns the window's growth of a stream that has ended; the window grows no more while the stream drains.</summary>
    public void ReleaseGrowth()
    {
        lock (_delivery.Sync)
            _window.Release();
    }

    /// <summary>Makes the window small again, because nothing has moved for a while.</summary>
    public void OnIdle()
    {
        lock (_delivery.Sync)
            _window.OnIdle();
    }

    void IUndelivered.Drop(bool isWriting)
    {
        if (isWriting)
            _window.Drop(_queue.DropAllButFirst());
        else
            Clear();
    }

    void IUndelivered.Drain(ILocalEndpoint endpoint) =>
        DrainAsync(endpoint).Guard("writing a stream to its local peer");

    private void Write(ILocalEndpoint endpoint, ReadOnlySpan<byte> data)
    {
        var written = endpoint.TryWrite(data);
        if (written < 0)
        {
            Discard();
            ReturnCredit(data.Length, wakes: false);
            _stream.NotifyLocalReset();
            return;
        }

        if (written > 0)
            OnDelivered(written, wakes: false);
        if (written < data.Length)
            Buffer(data[written..]);
    }

    private void Buffer(ReadOnlySpan<byte> data)
    {
        data = data[Append(data)..];
        while (!data.IsEmpty)
        {
            _core.Context.Flow.Relieve();

            // Other streams race for the freed memory; a stream that still gets none must be reset itself.
            var taken = Append(data[..Math.Min(data.Length, SegmentPool.SmallSize)]);
            if (taken == 0)
                ResetForMemory();
            data = data[taken..];
        }

        StartDrain();
    }

    // Returns how many bytes are done with: queued, or dropped when nothing is wanted any more.
    private int Append(ReadOnlySpan<byte> data)
    {
        lock (_delivery.Sync)
        {
            if (!_delivery.IsDiscarding)
            {
                var wasEmpty = _queue.IsEmpty;
                var taken = _queue.Append(data);
                if (wasEmpty && taken > 0)
                    _core.Context.Flow.AddBuffering(this);
                return taken;
            }
        }

        ReturnCredit(data.Length, wakes: false);
        return data.Length;
    }

    // Must be called after anything was queued, because since the decision to queue an earlier drain may have ended, or the endpoint may
    // have come. So if nothing drains when the read loop next runs, nothing waits and it may write directly.
    private void StartDrain()
    {
        ILocalEndpoint endpoint;
        lock (_delivery.Sync)
        {
            if (_delivery.IsWriting || _delivery.Endpoint is null || _queue.IsEmpty)
                return;
            _delivery.BeginWriting();
            endpoint = _delivery.Endpoint;
        }

        DrainAsync(endpoint).Guard("writing a stream to its local peer");
    }

    private async Task DrainAsync(ILocalEndpoint endpoint)
    {
        var inline = 0;
        while (true)
        {
            ReadOnlyMemory<byte> next = default;
            var ending = LocalEnding.None;
            lock (_delivery.Sync)
            {
                if (_delivery.IsDiscarding)
                    Clear();
                if (_queue.IsEmpty)
                {
                    _core.Context.Flow.RemoveBuffering(this);
                    ending = _delivery.EndWriting();
                }
                else
                {
                    next = _queue.Peek();
                }
            }

            if (next.IsEmpty)
            {
                _delivery.Conclude(endpoint, ending);
                return;
            }

            var writing = endpoint.WriteAsync(next);
            inline = writing.IsCompleted ? inline + next.Length : 0;
            var written = await writing;
            if (!written)
            {
                Discard();
                _stream.NotifyLocalReset();
                continue;
            }

            lock (_delivery.Sync)
            {
                _queue.Consume(next.Length);
                _delivery.NoteProgress();
            }

            OnDelivered(next.Length, wakes: true);
            if (inline < InlineBytes)
                continue;
            await _core.Yield();
            inline = 0;
        }
    }

    // Handles bytes that were given to the local peer.
    private void OnDelivered(int count, bool wakes)
    {
        _delivery.Count(count);
        var credit = Leave(count);
        _streams.OnDelivered(_stream, count);
        if (credit > 0)
            _stream.ReturnCredit(credit, wakes);
    }

    // Handles bytes that were dropped: only their credit is due.
    private void ReturnCredit(int count, bool wakes)
    {
        var credit = Leave(count);
        if (credit > 0)
            _stream.ReturnCredit(credit, wakes);
    }

    // Lets the window grow or shrink.
    private int Leave(int count)
    {
        lock (_delivery.Sync)
            return _window.OnWritten(count, _delivery.Bytes, _queue.IsEmpty);
    }

    // Called with the lock held.
    private void Clear()
    {
        if (_queue.IsEmpty)
            return;
        _window.Drop(_queue.Length);
        _queue.Clear();
        _core.Context.Flow.RemoveBuffering(this);
    }
}
