using System.Buffers;
using Tunnel.Shared.Protocol.Frames;
using Tunnel.Shared.Transport.Buffers;
using Tunnel.Shared.Transport.Mux.Core;

namespace Tunnel.Shared.Transport.Mux.Sessions;

/// <summary>
/// One UDP session of the mux: a flow of the scheduler like a stream, with a short queue of copied datagrams that is bounded by bytes and
/// age. The tunnel's lock guards it.
/// </summary>
internal sealed class MuxSession : MuxNode, ITunnelSession
{
    /// <summary>A datagram that has waited longer than this is of no use any more (protocol.md section 4).</summary>
    public const long MaxAgeMilliseconds = 100;

    /// <summary>The most bytes that may wait in one session.</summary>
    public const int MaxQueued = 1 << 20;

    private readonly MuxCore _core;
    private readonly MuxSessions _sessions;
    private readonly StreamOpening _opening;
    private Queue<Datagram>? _queue;
    private IDatagramSink? _sink;
    private int _queued;
    private bool _openPending;
    private bool _closePending;
    private bool _closeAfterData;
    private bool _closedByPeer;

    public MuxSession(MuxSessions sessions, uint id, in StreamOpening opening, bool weOpen)
    {
        _core = sessions.Core;
        _sessions = sessions;
        Id = id;
        _opening = opening;
        _openPending = weOpen;
    }

    public uint Id { get; }

    public bool IsOpen { get; private set; } = true;

    /// <summary>Receives the datagrams. It is told of the end at once when the tunnel was lost before it was set.</summary>
    public IDatagramSink? Sink
    {
        get => _sink;
        set
        {
            lock (_core.Sync)
            {
                if (IsOpen)
                    _sink = value;
                if (!_closedByPeer)
                    return;
            }

            TellClosed(value);
        }
    }

    private DatagramDrops Drops => _core.Traffic.Drops;

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
        if (_sessions.FlushLanes is { } flush)
            flush();
        else
            _core.Wake();
    }

    public bool Queue(ReadOnlySpan<byte> payload)
    {
        if (payload.Length > FrameRules.MaxDatagram)
        {
            Drops.Add(DatagramDrop.TooLarge);
            return false;
        }

        lock (_core.Sync)
        {
            // The sender sees that the session has ended, and may send in another way.
            if (!IsOpen)
                return false;
            if (_core.IsDead || _core.IsDetached)
            {
                Drops.Add(DatagramDrop.Lost);
                return false;
            }

            var cost = payload.Length + DatagramMemory.Overhead;
            while (_queued + cost > MaxQueued && _queue?.Count > 0)
                Drop(DatagramDrop.QueueFull);
            while (!_core.Datagrams.TryTake(cost))
            {
                // The oldest datagram of this session makes room, so that a flood does not displace others' datagrams.
                if (_queue is not { Count: > 0 })
                {
                    Drops.Add(DatagramDrop.QueueFull);
                    return false;
                }

                Drop(DatagramDrop.QueueFull);
            }

            var copy = ArrayPool<byte>.Shared.Rent(payload.Length);
            payload.CopyTo(copy);
            (_queue ??= new Queue<Datagram>()).Enqueue(new Datagram(copy, payload.Length, _core.Context.NowMilliseconds));
            _queued += cost;
            if (!_openPending)
                _core.Scheduler.EnqueueData(this);
        }

        return true;
    }

    /// <summary>Ends the session; queued datagrams are sent first.</summary>
    public void Close()
    {
        lock (_core.Sync)
        {
            if (!IsOpen)
                return;
            IsOpen = false;
            _sink = null;
            _closeAfterData = _queue?.Count > 0 && !_core.IsDead;
            if (_closeAfterData)
            {
                _core.NoteOver(this);
                return;
            }

            EndLocked();
        }

        _core.Wake();
    }

    /// <summary>Ends the session because the peer closed it or the tunnel is lost.</summary>
    public void OnClosed()
    {
        IDatagramSink? sink;
        lock (_core.Sync)
        {
            while (_queue?.Count > 0)
                Drop(_core.IsDead ? DatagramDrop.Lost : DatagramDrop.SessionClosed);
            _core.Scheduler.RemoveData(this);
            _sessions.Table.Remove(Id);
            _closeAfterData = false;
            if (HasMoreControl)
                _core.NoteOver(this);
            else
                _core.NoteControlSent(this, _core.Context.NowMilliseconds);
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
            used = FrameEncoder.UdpOpen(buffer, Id, _opening, _core.Terms.Features);
            if (_queue?.Count > 0)
                _core.Scheduler.EnqueueData(this);
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
        lock (_core.Sync)
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

            _core.Scheduler.RemoveData(this);
            if (_closeAfterData)
                EndLocked();
            return used;
        }
    }

    private int Write(Span<byte> buffer)
    {
        var datagram = _queue!.Dequeue();
        var written = FrameEncoder.UdpData(buffer, Id, _core.IsEdge, datagram.Bytes.AsSpan(0, datagram.Length));
        _core.Scheduler.ChargeData(this, datagram.Length);
        _core.Traffic.CountDatagramSent(datagram.Length);
        Release(datagram);
        return written;
    }

    // An owner's defect must not keep other sessions from being ended.
    private void TellClosed(IDatagramSink? sink)
    {
        try
        {
            sink?.OnSessionClosed();
        }
        catch (Exception e)
        {
            _core.Events.OnDefect(e);
        }
    }

    /// <summary>Tells the peer of the end, once the session is closed here and nothing is queued any more.</summary>
    private void EndLocked()
    {
        _closeAfterData = false;
        _sessions.Table.Remove(Id);
        if (_core.IsDead || _closePending)
            return;
        _closePending = true;
        _core.Scheduler.EnqueueControl(this);
        _core.NoteOver(this);
    }

    private void Drop(DatagramDrop reason)
    {
        Release(_queue!.Dequeue());
        Drops.Add(reason);
    }

    private void Release(in Datagram datagram)
    {
        _queued -= datagram.Length + DatagramMemory.Overhead;
        _core.Datagrams.Return(datagram.Length + DatagramMemory.Overhead);
        ArrayPool<byte>.Shared.Return(datagram.Bytes);
    }

    private readonly record struct Datagram(byte[] Bytes, int Length, long QueuedAt);
}
