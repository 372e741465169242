using System.Buffers.Binary;
using Tunnel.Shared.Protocol.Frames;
using Tunnel.Shared.Protocol.Proxy;
using Tunnel.Shared.Transport.Quic.Native;

namespace Tunnel.Shared.Transport.Quic;

// Over 300 lines: the sessions' table under one lock; large datagrams, early ones and waiting ones have their own files.
/// <summary>
/// The UDP sessions of a tunnel (protocol.md section 6): opened only on the control stream, carried in datagrams <c>[session_id:
/// 4][payload]</c>, or in streams of their own when they are too large. Datagrams that can't be sent or belong to no session are dropped
/// and counted by reason.
/// </summary>
internal sealed class QuicSessions
{
    public const int IdSize = 4;

    private const int MaxAnswersPerSecond = 100;

    // Makes sure that sessions are opened in the order of their ids, which the hub checks: otherwise two that open at once would end the
    // tunnel.
    private readonly Lock _opening = new();
    private readonly Lock _lock = new();
    private readonly Dictionary<uint, QuicSession> _sessions = [];
    private readonly EarlyDatagrams _early;
    private readonly DatagramSender _sender;
    private readonly QuicTunnel _tunnel;
    private readonly StreamIds _ids;
    private uint _highest;
    private long _answerSecond;
    private int _answers;
    private bool _lost;

    public QuicSessions(QuicTunnel tunnel, StreamIds ids)
    {
        _tunnel = tunnel;
        _ids = ids;
        _early = new EarlyDatagrams(tunnel.Context.Flow.Datagrams);
        _sender = new DatagramSender(tunnel);
        Oversize = new OversizeDatagrams(tunnel);
    }

    public OversizeDatagrams Oversize { get; }

    /// <summary>Completes when the sessions' ids run low.</summary>
    public Task NumbersEnding => _ids.Ending;

    /// <summary>The number of open sessions.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
                return _sessions.Count;
        }
    }

    /// <summary>Edge: opens a session.</summary>
    /// <returns>Null when the tunnel has ended or the control stream is too far behind.</returns>
    public QuicSession? Open(in StreamOpening opening, IDatagramSink sink)
    {
        QuicSession session;
        Span<byte> payload = stackalloc byte[IdSize + 64];
        var length = IdSize + UdpOpenPayload.Write(payload[IdSize..], opening.Source, opening.Destination, opening.ListeningPort);
        lock (_opening)
        {
            lock (_lock)
            {
                if (_lost || !_tunnel.Control.TryPassOpening() || _ids.Next() is not (> 0 and var id))
                    return null;
                session = new QuicSession(this, _highest = id) { Sink = sink };
                _sessions.Add(session.Id, session);
            }

            BinaryPrimitives.WriteUInt32BigEndian(payload, session.Id);
            if (_tunnel.Control.Send(FrameType.UdpOpen, payload[..length]))
                return session;
        }

        lock (_lock)
            _sessions.Remove(session.Id);
        return null;
    }

    /// <summary>Hub: adds a session that the edge opens; <see cref="Accept"/> or <see cref="QuicSession.Close"/> must follow.</summary>
    public QuicSession? TryAddPeers(uint id, in StreamOpening opening, out string? fault)
    {
        fault = null;
        lock (_lock)
        {
            if (id <= _highest)
                fault = $"session {id} was used already";
            if (fault is not null || _lost)
                return null;
            _highest = id;
            var session = new QuicSession(this, id);
            _sessions.Add(id, session);
            return session;
        }
    }

    /// <summary>Hub: sets a session's sink. Datagrams that came before its opening are delivered first.</summary>
    public void Accept(QuicSession session, IDatagramSink sink)
    {
        bool open;
        lock (session.Delivery)
        {
            HeldDatagrams? early;
            lock (_lock)
            {
                session.Sink = sink;
                early = _early.Take(session.Id);
            }

            open = session.IsOpen;
            if (open)
                early?.TakeAll((this, sink), static (to, payload) => to.Item1.Deliver(to.sink, payload));
            else
                _tunnel.Traffic.Drops.Add(DatagramDrop.UnknownSession, early?.DropAll() ?? 0);
        }

        // The tunnel was lost meanwhile, when there was no sink to tell yet.
        if (!open)
            Tell(sink);
    }

    /// <summary>Handles a datagram from msquic's buffer or from a stream. Called on a worker of msquic.</summary>
    public void OnDatagram(ReadOnlySpan<byte> datagram)
    {
        if (datagram.Length < IdSize)
        {
            _tunnel.Traffic.Drops.Add(DatagramDrop.Malformed);
            return;
        }

        var id = BinaryPrimitives.ReadUInt32BigEndian(datagram);
        var payload = datagram[IdSize..];
        QuicSession? session;
        IDatagramSink? sink = null;
        lock (_lock)
        {
            if (_sessions.TryGetValue(id, out session))
                sink = session.Sink;
            if (sink is null && !_tunnel.IsEdge && (session is not null || id > _highest))
            {
                if (!_early.TryHold(id, payload, _tunnel.Context.NowMilliseconds))
                    _tunnel.Traffic.Drops.Add(DatagramDrop.EarlyFull);
                return;
            }
        }

        if (sink is null)
        {
            _tunnel.Traffic.Drops.Add(DatagramDrop.UnknownSession);
            AnswerUnknown(id);
            return;
        }

        lock (session!.Delivery)
        {
            if (session.IsOpen)
                Deliver(sink, payload);
            else
                _tunnel.Traffic.Drops.Add(DatagramDrop.UnknownSession);
        }
    }

    public void CountTooLarge() => _tunnel.Traffic.Drops.Add(DatagramDrop.TooLarge);

    public bool Send(QuicSession session, ReadOnlySpan<byte> payload)
    {
        lock (_lock)
        {
            if (_lost)
            {
                _tunnel.Traffic.Drops.Add(DatagramDrop.Lost);
                return false;
            }

            if (session.Unsent >= DatagramSender.MaxPerSession)
            {
                _tunnel.Traffic.Drops.Add(DatagramDrop.QueueFull);
                return false;
            }

            session.Unsent++;
        }

        var status = _sender.TrySend(session.Id, payload);
        if (status == DatagramSender.Queued)
            return true;
        OnUnsentGone(session.Id);
        return status == DatagramSender.TooLarge && Oversize.TrySend(session.Id, payload);
    }

    /// <summary>Handles msquic's report on what became of a datagram.</summary>
    public void OnSendState(nint context, int state)
    {
        // The block is free once its datagram was sent; later reports concern that datagram only.
        if (state is DatagramState.Sent or DatagramState.Canceled)
            OnUnsentGone(_sender.OnDone(context));
        if (state == DatagramState.Canceled)
            _tunnel.Traffic.Drops.Add(DatagramDrop.Lost);
        else if (state == DatagramState.LostDiscarded)
            _tunnel.Traffic.Drops.Add(DatagramDrop.LostOnPath);
    }

    /// <summary>Ends a session that its owner has closed.</summary>
    public void OnClosedHere(QuicSession session)
    {
        HeldDatagrams? early;
        lock (_lock)
        {
            _sessions.Remove(session.Id);
            early = _early.Take(session.Id);
        }

        _tunnel.Traffic.Drops.Add(DatagramDrop.UnknownSession, early?.DropAll() ?? 0);

        SendClose(session.Id);
    }

    /// <summary>Handles UDP_CLOSE.</summary>
    public void OnPeerClosed(uint id)
    {
        QuicSession? session;
        lock (_lock)
        {
            if (!_sessions.Remove(id, out session))
                return;
        }

        End(session);
    }

    /// <summary>Ends all sessions, because the tunnel has ended.</summary>
    public void LoseAll()
    {
        QuicSession[] all;
        lock (_lock)
        {
            _lost = true;
            all = [.. _sessions.Values];
            _sessions.Clear();
            _tunnel.Traffic.Drops.Add(DatagramDrop.UnknownSession, _early.Clear());
        }

        foreach (var session in all)
            End(session);
    }


    /// <summary>Drops datagrams whose session's opening did not come in time.</summary>
    public void Sweep()
    {
        List<uint> expired;
        int dropped;
        lock (_lock)
            (expired, dropped) = _early.TakeExpired(_tunnel.Context.NowMilliseconds);
        if (dropped == 0)
            return;
        _tunnel.Traffic.Drops.Add(DatagramDrop.EarlyFull, dropped);
        expired.ForEach(AnswerUnknown);
    }

    private void Deliver(IDatagramSink sink, ReadOnlySpan<byte> payload)
    {
        _tunnel.Traffic.CountDatagramReceived(payload.Length);
        sink.OnDatagram(payload);
    }

    private void OnUnsentGone(uint id)
    {
        lock (_lock)
        {
            if (_sessions.TryGetValue(id, out var session))
                session.Unsent--;
        }
    }

    // Answers a datagram of an unknown session, so that the edge opens the session again. The answers are limited, so that a flood is not
    // answered with a flood.
    private void AnswerUnknown(uint id)
    {
        if (_tunnel.IsEdge)
            return;
        lock (_lock)
        {
            var second = _tunnel.Context.NowMilliseconds / 1000;
            if (second != _answerSecond)
                (_answerSecond, _answers) = (second, 0);
            if (++_answers > MaxAnswersPerSecond || !_tunnel.Control.TryPassOpening())
                return;
        }

        SendClose(id);
    }

    private void SendClose(uint id)
    {
        Span<byte> payload = stackalloc byte[IdSize];
        BinaryPrimitives.WriteUInt32BigEndian(payload, id);
        _tunnel.Control.Send(FrameType.UdpClose, payload);
    }

    private void End(QuicSession session)
    {
        if (!session.TryEnd())
            return;
        IDatagramSink? sink;
        lock (_lock)
            sink = session.Sink;
        Tell(sink);
    }

    // An owner's defect must not keep other sessions from being ended.
    private void Tell(IDatagramSink? sink)
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
}
