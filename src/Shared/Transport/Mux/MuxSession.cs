using System.Buffers;
using Tunnel.Shared.Protocol.Frames;
using Tunnel.Shared.Transport.Buffers;

namespace Tunnel.Shared.Transport.Mux;

/// <summary>
/// One UDP session of the mux: a flow of the scheduler like a stream, with a short queue of copied datagrams bounded by bytes and age. Guarded by the
/// tunnel's lock.
/// </summary>
internal sealed class MuxSession : MuxNode, ITunnelSession
{
    /// <summary>A datagram that waited longer is of no use any more (protocol.md section 4).</summary>
    public const long MaxAgeMilliseconds = 100;

    /// <summary>Bytes that one session may have waiting.</summary>
    public const int MaxQueued = 1 << 20;

    private readonly MuxTunnel _tunnel;
    private readonly StreamOpening _opening;
    private Queue<Datagram>? _queue;
    private IDatagramSink? _sink;
    private int _queued;
    private bool _openPending;
    private bool _closePending;
    private bool _closeAfterData;
    private bool _closedByPeer;

    public MuxSession(MuxTunnel tunnel, uint id, in StreamOpening opening, bool weOpen)
    {
        _tunnel = tunnel;
        Id = id;
        _opening = opening;
        _openPending = weOpen;
    }

    public uint Id { get; }

    public bool IsOpen { get; private set; } = true;

    /// <summary>Where received datagrams go; told at once when the tunnel was lost before there was one.</summary>
    public IDatagramSink? Sink
    {
        get => _sink;
        set
        {
            lock (_tunnel.Sync)
            {
                if (IsOpen)
                    _sink = value;
                if (!_closedByPeer)
                    return;
            }

            TellClosed(value);
        }
    }

    private DatagramDrops Drops => _tunnel.Traffic.Drops;

    public override bool HasMoreControl => _openPending || _closePending;

    public bool Send(ReadOnlySpan<byte> payload)
    {
        if (!Queue(payload))
            return false;
        Flush();
        return true;
    }

    public void Flush()
    {
        if (_tunnel.FlushLanes is { } flush)
            flush();
        else
            _tunnel.Writer.Request();
    }

    public bool Queue(ReadOnlySpan<byte> payload)
    {
        if (payload.Length > FrameRules.MaxDatagram)
        {
            Drops.Add(DatagramDrop.TooLarge);
            return false;
        }

        lock (_tunnel.Sync)
        {
            // Whoever sends sees that it is over, and may send another way.
            if (!IsOpen)
                return false;
            if (_tunnel.IsDead)
            {
                Drops.Add(DatagramDrop.Lost);
                return false;
            }

            var cost = payload.Length + DatagramMemory.Overhead;
            while (_queued + cost > MaxQueued && _queue?.Count > 0)
                Drop(DatagramDrop.QueueFull);
            while (!_tunnel.Datagrams.TryTake(cost))
            {
                // The oldest makes room, of this session: a flood does not push out others.
                if (_queue is not { Count: > 0 })
                {
                    Drops.Add(DatagramDrop.QueueFull);
                    return false;
                }

                Drop(DatagramDrop.QueueFull);
            }

            var copy = ArrayPool<byte>.Shared.Rent(payload.Length);
            payload.CopyTo(copy);
            (_queue ??= new Queue<Datagram>()).Enqueue(new Datagram(copy, payload.Length, _tunnel.Context.NowMilliseconds));
            _queued += cost;
            if (!_openPending)
                _tunnel.Scheduler.EnqueueData(this);
        }

        return true;
    }

    /// <summary>What was queued goes first.</summary>
    public void Close()
    {
        lock (_tunnel.Sync)
        {
            if (!IsOpen)
                return;
            IsOpen = false;
            _sink = null;
            _closeAfterData = _queue?.Count > 0 && !_tunnel.IsDead;
            if (_closeAfterData)
            {
                _tunnel.NoteOver(this);
                return;
            }

            EndLocked();
        }

        _tunnel.Writer.Request();
    }

    /// <summary>The peer closed it, or the tunnel is lost.</summary>
    public void OnClosed()
    {
        IDatagramSink? sink;
        lock (_tunnel.Sync)
        {
            while (_queue?.Count > 0)
                Drop(_tunnel.IsDead ? DatagramDrop.Lost : DatagramDrop.SessionClosed);
            _tunnel.Scheduler.RemoveData(this);
            _tunnel.Table.Remove(this);
            _closeAfterData = false;
            if (HasMoreControl)
                _tunnel.NoteOver(this);
            else
                _tunnel.NoteControlSent(this, _tunnel.Context.NowMilliseconds);
            if (!IsOpen)
                return;
            IsOpen = false;
            _closedByPeer = true;
            sink = _sink;
        }

        TellClosed(sink);
    }

    public override int WriteControl(Span<byte> buffer)
    {
        var used = 0;
        if (_openPending)
        {
            _openPending = false;
            used = FrameEncoder.UdpOpen(buffer, Id, _opening, _tunnel.Features);
            if (_queue?.Count > 0)
                _tunnel.Scheduler.EnqueueData(this);
        }

        if (_closePending)
        {
            _closePending = false;
            used += FrameEncoder.UdpClose(buffer[used..], Id);
        }

        return used;
    }

    public override int WriteData(Span<byte> buffer, int limit, long now)
    {
        lock (_tunnel.Sync)
        {
            var used = 0;
            while (_queue is not null && _queue.TryPeek(out var datagram))
            {
                if (now - datagram.QueuedAt > MaxAgeMilliseconds)
                {
                    Drop(DatagramDrop.QueueExpired);
                    continue;
                }

                if (FrameHeader.Size + datagram.Length > buffer.Length - used)
                    return used > 0 ? used : -1;
                if (used > 0 && used + datagram.Length > limit)
                    return used;
                used += Write(buffer[used..]);
            }

            _tunnel.Scheduler.RemoveData(this);
            if (_closeAfterData)
                EndLocked();
            return used;
        }
    }

    private int Write(Span<byte> buffer)
    {
        var datagram = _queue!.Dequeue();
        var written = FrameEncoder.UdpData(buffer, Id, _tunnel.IsEdge, datagram.Bytes.AsSpan(0, datagram.Length));
        _tunnel.Scheduler.ChargeData(this, datagram.Length);
        _tunnel.Traffic.CountDatagramSent(datagram.Length);
        Release(datagram);
        return written;
    }

    // An owner's mistake must not keep other sessions from being ended.
    private void TellClosed(IDatagramSink? sink)
    {
        try
        {
            sink?.OnSessionClosed();
        }
        catch (Exception e)
        {
            _tunnel.NoteDefect(e);
        }
    }

    /// <summary>Closed here, and nothing is queued any more: the peer is told.</summary>
    private void EndLocked()
    {
        _closeAfterData = false;
        _tunnel.Table.Remove(this);
        if (_tunnel.IsDead || _closePending)
            return;
        _closePending = true;
        _tunnel.Scheduler.EnqueueControl(this);
        _tunnel.NoteOver(this);
    }

    private void Drop(DatagramDrop reason)
    {
        Release(_queue!.Dequeue());
        Drops.Add(reason);
    }

    private void Release(in Datagram datagram)
    {
        _queued -= datagram.Length + DatagramMemory.Overhead;
        _tunnel.Datagrams.Return(datagram.Length + DatagramMemory.Overhead);
        ArrayPool<byte>.Shared.Return(datagram.Bytes);
    }

    private readonly record struct Datagram(byte[] Bytes, int Length, long QueuedAt);
}
