using Tunnel.Shared.Protocol;
using Tunnel.Shared.Protocol.Proxy;
using Tunnel.Shared.Transport;

namespace Tunnel.Shared.UnitTests.Transport.Moving;

/// <summary>
/// One end of a stream of a <see cref="CutTunnel"/>, which ends in order, by a reset of either end, or with its tunnel. The world says when
/// it reads and when what was sent arrives.
/// </summary>
internal sealed class CutCarrier(uint id, CutTunnel tunnel, bool isEdge) : ITunnelStream
{
    private readonly Queue<object> _sent = new();
    private ILocalEndpoint? _endpoint;
    private IStreamObserver? _observer;
    private ReadOnlyMemory<byte> _waiting;
    private Task<bool>? _writing;
    private StreamEnd? _end;
    private bool _hasSentEnd;
    private bool _hasHeardEnd;

    private enum Said
    {
        End,
    }

    public uint Id => id;

    public CutCarrier Peer { get; set; } = null!;

    public long BytesSent => 0;

    public long BytesReceived => 0;

    /// <summary>Whether anything is on the way to the peer.</summary>
    public bool HasSent => _sent.Count > 0;

    public IStreamObserver? Observer
    {
        get => _observer;
        set
        {
            _observer = value;
            if (_end is { } end)
                value?.OnStreamClosed(this, end);
        }
    }

    public void Announce(StreamMove move) => _sent.Enqueue(move);

    public void Attach(ILocalEndpoint endpoint)
    {
        if (_end is { Completed: false })
        {
            endpoint.Reset(flush: false);
            return;
        }

        _endpoint = endpoint;
        endpoint.Start(this);
    }

    public void NotifyReadable()
    {
    }

    public void NotifyLocalReset()
    {
        if (_hasSentEnd)
            End(new StreamEnd(StreamEndSide.Local, ResetReason.ResetByPeer));
    }

    public void Reset(ResetReason reason)
    {
        // Over QUIC a reset overtakes the data.
        if (_end is null && tunnel.Overtakes())
            _sent.Clear();
        End(new StreamEnd(StreamEndSide.Local, reason));
    }

    public void Pull(int most)
    {
        if (_end is not null || _hasSentEnd || _endpoint is null)
            return;
        var buffer = new byte[most];
        switch (_endpoint.TryRead(buffer, out var count))
        {
            case LocalReadStatus.Data:
                _sent.Enqueue(buffer[..count]);
                break;
            case LocalReadStatus.EndOfFile:
                _hasSentEnd = true;
                _sent.Enqueue(Said.End);
                CompleteIfDone();
                break;
            case LocalReadStatus.WouldBlock:
                _endpoint.ArmRead();
                break;
            default:
                End(new StreamEnd(StreamEndSide.Local, ResetReason.ResetByPeer));
                break;
        }
    }

    /// <summary>Lets the next thing arrive at the peer, unless that takes nothing now.</summary>
    public void Deliver()
    {
        if (_sent.TryPeek(out var next) && Peer.TryTake(next))
            _sent.TryDequeue(out _);
    }

    /// <summary>This end's tunnel is lost.</summary>
    public void Lose() => End(new StreamEnd(StreamEndSide.Tunnel, ResetReason.Unspecified));

    /// <summary>What was on the way is gone.</summary>
    public void Drop() => _sent.Clear();

    private bool TryTake(object what)
    {
        if (what is StreamMove move)
        {
            if (!tunnel.IsLostAt(isEdge))
                tunnel.OnMove(this, move);
            return true;
        }

        if (_end is not null || tunnel.IsLostAt(isEdge))
            return true;
        if (what is ResetReason reason)
        {
            End(new StreamEnd(StreamEndSide.Remote, reason));
            return true;
        }

        if (_writing is { IsCompleted: false } || _endpoint is null)
            return false;
        if (_writing is { Result: false })
        {
            End(new StreamEnd(StreamEndSide.Local, ResetReason.ResetByPeer));
            return true;
        }

        _writing = null;
        if (what is Said.End)
        {
            _hasHeardEnd = true;
            _endpoint.ShutdownWrite();
            CompleteIfDone();
            return true;
        }

        if (_waiting.IsEmpty)
            _waiting = (byte[])what;
        var taken = _endpoint.TryWrite(_waiting.Span);
        if (taken < 0)
        {
            End(new StreamEnd(StreamEndSide.Local, ResetReason.ResetByPeer));
            return true;
        }

        _waiting = _waiting[taken..];
        if (!_waiting.IsEmpty)
            _writing = _endpoint.WriteAsync(_waiting).AsTask();
        _waiting = default;
        return true;
    }

    private void CompleteIfDone()
    {
        if (!_hasSentEnd || !_hasHeardEnd || _end is not null)
            return;
        _end = default(StreamEnd);
        _endpoint!.Close();
        _observer?.OnStreamClosed(this, default);
    }

    private void End(StreamEnd end)
    {
        if (_end is not null)
            return;
        _end = end;
        if (end.Side == StreamEndSide.Local && !tunnel.IsLostAt(isEdge))
            _sent.Enqueue(end.Reason);
        _endpoint?.Reset(flush: end.Side != StreamEndSide.Local);
        _observer?.OnStreamClosed(this, end);
    }
}
