using Tunnel.Shared.Guarding;
using Tunnel.Shared.Protocol;
using Tunnel.Shared.Transport.Quic.Core;
using Tunnel.Shared.Transport.Quic.Native;
using Tunnel.Shared.Transport.Streams;

namespace Tunnel.Shared.Transport.Quic.Streams;

/// <summary>
/// The receiving half of a stream. Bytes go from msquic's buffers straight into the local socket. Bytes that the socket does not take stay
/// in msquic as a pending receive, counted in the memory budget; the peer gets no credit for them meanwhile. One piece at a time waits for
/// the socket; then msquic indicates the rest again, with what has come since.
/// </summary>
internal sealed class StreamInput : IBufferingStream, IUndelivered
{
    private const int LargestPiece = 256 << 10;

    private readonly QuicStreams _streams;
    private readonly QuicCore _core;
    private readonly QuicStream _stream;
    private readonly LocalDelivery _delivery;
    private readonly HeldReceive _held = new();
    private OpeningLines? _lines;
    private bool _nativeEnded;
    private int _charged;

    /// <summary>Creates the half of a stream for which nothing has come yet.</summary>
    /// <param name="streams">The streams of the tunnel.</param>
    /// <param name="stream">The stream that this is a half of.</param>
    /// <param name="lines">Hub: takes the opening lines, which come first; null at the edge.</param>
    public StreamInput(QuicStreams streams, QuicStream stream, OpeningLines? lines)
    {
        _streams = streams;
        _core = streams.Core;
        _stream = stream;
        _lines = lines;
        _delivery = new LocalDelivery(this, _core.Context);
    }

    /// <summary>Delivers the bytes to the local end; its lock also guards this object.</summary>
    public LocalDelivery Delivery => _delivery;

    /// <inheritdoc/>
    public long BufferedBytes => Volatile.Read(ref _charged);

    bool IUndelivered.IsEmpty => _held.IsEmpty;

    /// <inheritdoc/>
    public void ResetForMemory()
    {
        _stream.Reset(ResetReason.Memory);
        _delivery.GiveUp();
    }

    /// <summary>Handles received bytes. Called on a worker of msquic, and not again before these bytes were completed.</summary>
    public int OnReceive(in StreamEvent e)
    {
        var buffers = new ReceivedBuffers(e);
        var taken = 0;
        if (_lines is not null && !TryOpen(buffers, out taken))
            return QuicStatus.Success;

        ILocalEndpoint? endpoint;
        lock (_delivery.Sync)
        {
            if (_delivery.IsDiscarding)
                return QuicStatus.Success;
            endpoint = _delivery.Endpoint;
        }

        if (endpoint is not null)
        {
            var written = buffers.WriteTo(endpoint, taken);
            if (written < 0)
            {
                Discard();
                _stream.NotifyLocalReset();
                return QuicStatus.Success;
            }

            taken += written;
            if (written > 0)
                Count(written);
        }

        return taken == buffers.Total ? QuicStatus.Success : Hold(buffers, taken);
    }

    /// <summary>Handles FIN, which comes after all bytes before it were delivered.</summary>
    public void OnRemoteClose()
    {
        if (_lines is not null)
        {
            _stream.OnMalformed();
            return;
        }

        _delivery.OnRemoteClose();
    }

    /// <summary>The local peer is gone: nothing is kept from now on, and bytes that still come are dropped.</summary>
    public void Discard()
    {
        int completed;
        lock (_delivery.Sync)
        {
            completed = _delivery.IsWriting || _held.IsEmpty ? 0 : _held.Taken + _held.Rest;
            _delivery.Discard();
        }

        if (completed > 0)
            _stream.Handle.CompleteReceive((ulong)completed, partly: false);
    }

    /// <summary>The native stream has had its last event, and may be closed once none of its memory is being written.</summary>
    public void OnNativeEnd()
    {
        lock (_delivery.Sync)
        {
            _nativeEnded = true;
            if (_delivery.IsWriting)
                return;
            Release();
        }

        _stream.Handle.Dispose();
    }

    // The caller tells msquic of it.
    void IUndelivered.Drop(bool isWriting)
    {
        if (!isWriting)
            Release();
    }

    void IUndelivered.Drain(ILocalEndpoint endpoint) =>
        DrainAsync(endpoint).Guard("writing a stream to its local peer");

    // Returns true when the lines are complete; taken is the offset at which the client's bytes begin.
    private bool TryOpen(in ReceivedBuffers buffers, out int taken)
    {
        taken = buffers.FeedTo(_lines!);
        if (taken < 0)
        {
            _stream.OnMalformed();
            return false;
        }

        if (!_lines!.IsComplete)
            return false;
        var opening = _lines.Parse();
        _lines = null;
        if (opening is { } value)
            _streams.OnOpened(_stream, value);
        else
            _stream.OnMalformed();
        return opening is not null;
    }

    private int Hold(in ReceivedBuffers buffers, int taken)
    {
        var rest = buffers.Total - taken;
        if (!TryCharge(rest))
        {
            ResetForMemory();
            return QuicStatus.Success;
        }

        ILocalEndpoint? endpoint;
        lock (_delivery.Sync)
        {
            if (_delivery.IsDiscarding)
            {
                _core.Context.Flow.Budget.Return(rest);
                return QuicStatus.Success;
            }

            _held.Set(buffers.All, taken, buffers.Total);
            _charged = rest;
            endpoint = _delivery.Endpoint;
            if (endpoint is not null)
                _delivery.BeginWriting();
            _core.Context.Flow.AddBuffering(this);
        }

        if (endpoint is not null)
            DrainAsync(endpoint).Guard("writing a stream to its local peer");
        return QuicStatus.Pending;
    }

    private bool TryCharge(int bytes)
    {
        var flow = _core.Context.Flow;
        if (flow.Budget.TryTake(bytes))
            return true;
        flow.Relieve();
        // Other streams race for the freed memory; a stream that still gets none must be reset itself.
        return flow.Budget.TryTake(bytes);
    }

    private async Task DrainAsync(ILocalEndpoint endpoint)
    {
        while (true)
        {
            ReadOnlyMemory<byte> next = default;
            var ending = LocalEnding.None;
            lock (_delivery.Sync)
            {
                if (_delivery.IsDiscarding)
                    Release();
                if (_held.IsEmpty)
                {
                    Release();
                    ending = _delivery.EndWriting();
                }
                else
                {
                    next = _held.Peek(LargestPiece);
                }
            }

            if (next.IsEmpty)
            {
                _delivery.Conclude(endpoint, ending);
                CloseIfEnded();
                return;
            }

            if (!await endpoint.WriteAsync(next))
            {
                lock (_delivery.Sync)
                    _delivery.Discard();
                _stream.NotifyLocalReset();
                continue;
            }

            Count(next.Length);
            if (!TryHandBack(next.Length))
                continue;
            CloseIfEnded();
            return;
        }
    }

    // The socket has taken a piece. While the stream lives, msquic indicates the rest again; after a reset there is only what was indicated
    // before.
    private bool TryHandBack(int written)
    {
        int taken;
        bool partly;
        lock (_delivery.Sync)
        {
            _held.Consume(written);
            _delivery.NoteProgress();
            if (_delivery.EndsWithReset || _delivery.IsDiscarding)
                return false;
            taken = _held.Taken;
            partly = _held.Rest > 0;
            Release();
            _delivery.PauseWriting();
        }

        _stream.Handle.CompleteReceive((ulong)taken, partly);
        return true;
    }

    private void CloseIfEnded()
    {
        lock (_delivery.Sync)
        {
            if (!_nativeEnded || _delivery.IsWriting)
                return;
        }

        // The handle is not closed on this thread of the socket engine: it may be the connection's last stream, and closing that one waits.
        ThreadPool.UnsafeQueueUserWorkItem(static handle => handle.Dispose(), _stream.Handle, preferLocal: false);
    }

    private void Count(int bytes)
    {
        _delivery.Count(bytes);
        _core.Traffic.CountReceived(bytes);
    }

    // Called with the lock held.
    private void Release()
    {
        _held.Clear();
        if (_charged == 0)
            return;
        _core.Context.Flow.Budget.Return(_charged);
        _core.Context.Flow.RemoveBuffering(this);
        _charged = 0;
    }
}
