using System.Buffers.Binary;
using Tunnel.Shared.Protocol.Frames;
using Tunnel.Shared.Protocol.Proxy;
using Tunnel.Shared.Transport.Quic.Control;
using Tunnel.Shared.Transport.Quic.Core;
using Tunnel.Shared.Transport.Quic.Native;

namespace Tunnel.Shared.Transport.Quic.Sessions;

/// <summary>
/// The UDP sessions of a tunnel (protocol.md section 6): opened only on the control stream, carried in datagrams <c>[session_id:
/// 4][payload]</c>, or in streams of their own when they are too large. Datagrams that can't be sent or belong to no session are dropped
/// and counted by reason.
/// </summary>
internal sealed class QuicSessions
{
    public const int IdSize = 4;

    // Makes sure that sessions are opened in the order of their ids, which the hub checks: otherwise two that open at once would end the
    // tunnel.
    private readonly Lock _opening = new();
    private readonly Lock _lock = new();
    private readonly Dictionary<uint, QuicSession> _sessions = [];
    private readonly EarlyDatagrams _early;
    private readonly DatagramSender _sender;
    private readonly SessionClosings _closings;
    private readonly QuicCore _core;
    private readonly ControlSender _control;
    private readonly StreamIds _ids;
    private uint _highest;
    private bool _lost;

    public QuicSessions(QuicCore core, ControlSender control, StreamIds ids)
    {
        (_core, _control, _ids) = (core, control, ids);
        _early = new EarlyDatagrams(core.Context.Flow.Datagrams);
        _sender = new DatagramSender(core);
        _closings = new SessionClosings(core, control);
        Oversize = new OversizeDatagrams(core, this);
    }

    public OversizeDatagrams Oversize { get; }

    /// <inheritdoc cref="DatagramSender.MayBlock"/>
    public bool MayBlock => _sender.MayBlock;

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
                if (_lost || !_control.TryPassOpening() || _ids.Next() is not (> 0 and var id))
                    return null;
                session = new QuicSession(this, _highest = id) { Sink = sink };
                _sessions.Add(session.Id, session);
            }

            BinaryPrimitives.WriteUInt32BigEndian(payload, session.Id);
            if (_control.Send(FrameType.UdpOpen, payload[..length]))
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
                _core.Traffic.Drops.Add(DatagramDrop.UnknownSession, early?.DropAll() ?? 0);
        }

        // The tunnel was lost meanwhile, when there was no sink to tell yet.
        if (!open)
            Tell(sink, mayGoOn: false);
    }

    /// <summary>Handles a datagram from msquic's buffer or from a stream. Called on a worker of msquic.</summary>
    public void OnDatagram(ReadOnlySpan<byte> datagram)
    {
        if (datagram.Length < IdSize)
        {
            _core.Traffic.Drops.Add(DatagramDrop.Malformed);
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
            if (sink is null && !_core.IsEdge && (session is not null || id > _highest))
            {
                // msquic delivers until it has handled the end of the connection, and nothing would give back what is held by then.
                if (_lost || !_early.TryHold(id, payload, _core.Context.NowMilliseconds))
                    _core.Traffic.Drops.Add(_lost ? DatagramDrop.Lost : DatagramDrop.EarlyFull);
                return;
            }
        }

        if (sink is null)
        {
            _core.Traffic.Drops.Add(DatagramDrop.UnknownSession);
            _closings.AnswerUnknown(id);
            return;
        }

        lock (session!.Delivery)
        {
            if (session.IsOpen)
                Deliver(sink, payload);
            else
                _core.Traffic.Drops.Add(DatagramDrop.UnknownSession);
        }
    }

    public void CountTooLarge() => _core.Traffic.Drops.Add(DatagramDrop.TooLarge);

    public bool Send(QuicSession session, ReadOnlySpan<byte> payload)
    {
        lock (_lock)
        {
            if (_lost || session.Unsent >= DatagramSender.MaxPerSession)
            {
                _core.Traffic.Drops.Add(_lost ? DatagramDrop.Lost : DatagramDrop.QueueFull);
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
            _core.Traffic.Drops.Add(DatagramDrop.Lost);
        else if (state == DatagramState.LostDiscarded)
            _core.Traffic.Drops.Add(DatagramDrop.LostOnPath);
    }

    /// <summary>Ends a session that its owner has closed.</summary>
    public void OnClosedHere(QuicSession session)
    {
        lock (_lock)
        {
            _sessions.Remove(session.Id);
            _core.Traffic.Drops.Add(DatagramDrop.UnknownSession, _early.Drop(session.Id));
        }

        _closings.Send(session.Id);
    }

    /// <summary>Handles UDP_CLOSE.</summary>
    public void OnPeerClosed(uint id)
    {
        QuicSession? session;
        lock (_lock)
            _sessions.Remove(id, out session);
        if (session is not null)
            End(session);
    }

    /// <summary>Ends all sessions, because the tunnel has ended.</summary>
    /// <param name="mayGoOn">Whether what was open may go on over another tunnel.</param>
    public void LoseAll(bool mayGoOn)
    {
        QuicSession[] all;
        lock (_lock)
        {
            _lost = true;
            all = [.. _sessions.Values];
            _sessions.Clear();
            _core.Traffic.Drops.Add(DatagramDrop.UnknownSession, _early.Clear());
        }

        foreach (var session in all)
            End(session, mayGoOn);
    }

    /// <summary>Drops datagrams whose session's opening did not come in time.</summary>
    public void Sweep()
    {
        (List<uint> Expired, int Dropped) taken;
        lock (_lock)
            taken = _early.TakeExpired(_core.Context.NowMilliseconds);
        if (taken.Dropped == 0)
            return;
        _core.Traffic.Drops.Add(DatagramDrop.EarlyFull, taken.Dropped);
        taken.Expired.ForEach(_closings.AnswerUnknown);
    }

    private void Deliver(IDatagramSink sink, ReadOnlySpan<byte> payload)
    {
        _core.Traffic.CountDatagramReceived(payload.Length);
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

    private void End(QuicSession session, bool mayGoOn = false)
    {
        if (!session.TryEnd())
            return;
        IDatagramSink? sink;
        lock (_lock)
            sink = session.Sink;
        Tell(sink, mayGoOn);
    }

    // An owner's defect must not keep other sessions from being ended.
    private void Tell(IDatagramSink? sink, bool mayGoOn)
    {
        try
        {
            if (mayGoOn)
                sink?.OnSessionLost();
            else
                sink?.OnSessionClosed();
        }
        catch (Exception e)
        {
            _core.NoteDefect(e);
        }
    }
}
