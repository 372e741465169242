using Tunnel.Shared.Protocol;
using Tunnel.Shared.Protocol.Proxy;
using Tunnel.Shared.Transport;
using Tunnel.Shared.Transport.Moving;
using Tunnel.TestUtilities;

namespace Tunnel.Shared.UnitTests.Transport.Moving;

/// <summary>One end of a stream of a tunnel. The test says when it reads and when what was sent arrives.</summary>
internal sealed class MoveCarrier(uint id) : ITunnelStream
{
    private readonly Queue<object> _sent = new();
    private readonly TaskCompletionSource _readable = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private ILocalEndpoint? _endpoint;
    private ReadOnlyMemory<byte> _waiting;
    private Task<bool>? _writing;
    private bool _sentEnd;
    private bool _heardEnd;
    private bool _isOver;

    public uint Id => id;

    public MoveCarrier? Peer { get; set; }

    public IStreamObserver? Observer { get; set; }

    public long BytesSent => 0;

    public long BytesReceived => 0;

    /// <summary>Whether bytes that have come are being written.</summary>
    public bool IsWriting => _writing is { IsCompleted: false };

    /// <summary>The leg whose carrier this is.</summary>
    public StreamLeg? Leg => (_endpoint as LegEndpoint)?.Leg;

    public void Attach(ILocalEndpoint endpoint)
    {
        _endpoint = endpoint;
        endpoint.Start(this);
    }

    public void Announce(StreamMove move) => _sent.Enqueue(move);

    /// <summary>Completes when the local end has something to say that it was asked for before.</summary>
    public Task Readable => _readable.Task;

    public void NotifyReadable() => _readable.TrySetResult();

    public void NotifyLocalReset()
    {
    }

    // The hub gives up the carrier that it leaves, and may be told so from another thread.
    public void Reset(ResetReason reason) => _isOver = true;

    public void Pull(int most)
    {
        if (_isOver || _sentEnd || _endpoint is null)
            return;
        var buffer = new byte[most];
        switch (_endpoint.TryRead(buffer, out var count))
        {
            case LocalReadStatus.Data:
                _sent.Enqueue(buffer[..count]);
                break;
            case LocalReadStatus.EndOfFile:
                _sentEnd = true;
                _sent.Enqueue(true);
                CompleteIfDone();
                break;
            case LocalReadStatus.WouldBlock:
                _endpoint.ArmRead();
                break;
            default:
                throw new PropertyException("nobody has reset");
        }
    }

    /// <summary>Lets the next thing arrive at the peer.</summary>
    /// <returns>False when there is nothing, or the peer takes nothing.</returns>
    public bool Deliver(MoveTunnel tunnel)
    {
        if (_isOver && !_sentEnd)
            return false;
        if (!_sent.TryPeek(out var next) || !Peer!.TryTake(next, tunnel))
            return false;
        _sent.Dequeue();
        return true;
    }

    public void Lose()
    {
        _sent.Clear();
        if (_isOver)
            return;
        _isOver = true;
        _endpoint?.Reset(flush: true);
        Observer?.OnStreamClosed(this, new StreamEnd(StreamEndSide.Tunnel, ResetReason.Unspecified));
    }

    /// <summary>Resets the stream as the peer does.</summary>
    public void Refuse(ResetReason reason)
    {
        _isOver = true;
        _endpoint!.Reset(flush: true);
        Observer?.OnStreamClosed(this, new StreamEnd(StreamEndSide.Remote, reason));
    }

    private bool TryTake(object what, MoveTunnel tunnel)
    {
        if (_isOver)
            return true;
        if (_writing is { IsCompleted: false })
            return false;
        _writing = null;
        switch (what)
        {
            case StreamMove move:
                tunnel.OnMove(move);
                return true;
            case byte[] data when _waiting.IsEmpty:
                _waiting = data;
                break;
            case true:
                _heardEnd = true;
                _endpoint!.ShutdownWrite();
                CompleteIfDone();
                return true;
        }

        var taken = _endpoint!.TryWrite(_waiting.Span);
        if (taken < 0)
            throw new PropertyException("nobody is gone");
        _waiting = _waiting[taken..];
        if (_waiting.IsEmpty)
            return true;

        // The rest is written as carriers do it: it does not belong to them any more.
        _writing = _endpoint.WriteAsync(_waiting).AsTask();
        _waiting = default;
        return true;
    }

    private void CompleteIfDone()
    {
        if (!_sentEnd || !_heardEnd || _isOver)
            return;
        _isOver = true;
        _endpoint!.Close();
        Observer?.OnStreamClosed(this, default);
    }
}
