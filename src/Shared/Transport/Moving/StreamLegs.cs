using Tunnel.Shared.Guarding;
using Tunnel.Shared.Protocol;
using Tunnel.Shared.Protocol.Proxy;

namespace Tunnel.Shared.Transport.Moving;

/// <summary>
/// The legs of a <see cref="MovableStream"/>: the present one, and those before it whose tunnels still know the stream, because the peer
/// may name one of them. The present leg changes under both locks of the stream.
/// </summary>
internal sealed class StreamLegs
{
    private readonly MovableStream _stream;
    private volatile StreamLeg? _present;

    // The leg on which the hub has last answered, by which it knows the stream.
    private StreamLeg _named;
    private uint _turn;

    public StreamLegs(MovableStream stream)
    {
        _stream = stream;
        _present = _named = Last = new StreamLeg(stream);
    }

    /// <summary>The present leg; null while the stream waits for another tunnel.</summary>
    public StreamLeg? Present => _present;

    /// <summary>The present leg, or the one before while there is none.</summary>
    public StreamLeg Last { get; private set; }

    private MovableSender Sender => _stream.Sender;

    private MovableReceiver Receiver => _stream.Receiver;

    /// <summary>The present leg's tunnel is lost. Called with both locks held.</summary>
    public void Lose() => _present = null;

    /// <summary>Edge: counts a move. Called with both locks held.</summary>
    /// <returns>Its number.</returns>
    public uint NextTurn() => ++_turn;

    /// <summary>Hub: whether a move is the newest that the edge has asked for. Called with both locks held.</summary>
    public bool IsNewest(StreamMove move) => move.Turn > _turn;

    /// <summary>Hub: a move is done as the edge has asked. Called with both locks held.</summary>
    public void NoteTurn(StreamMove move) => _turn = move.Turn;

    /// <summary>This end sends on another leg; what is under way still comes on the old one. Called with both locks held.</summary>
    public void HandOverTo(StreamLeg leg) => (_present, Last, _named) = (leg, leg, leg);

    /// <summary>Edge: goes on over another tunnel, unless the stream does so on a third one already.</summary>
    /// <param name="table">The streams of the tunnel that is left.</param>
    /// <param name="other">The other tunnel.</param>
    /// <returns>False when that tunnel takes no new streams now.</returns>
    public bool TryMove(MovableStreams table, ITunnel other)
    {
        StreamLeg leg;
        StreamMove move;
        lock (Sender.Sync)
        {
            lock (Receiver.Sync)
            {
                if (_stream.IsSettled || (_present is { } present && present.Table != table) || _named.Carrier is null)
                    return true;
                _present = Last = leg = new StreamLeg(_stream, StreamLeg.AnswerSize) { Previous = Last, Tunnel = other };
                move = new StreamMove(
                    _named.Table!.TunnelId, _named.Carrier!.Id, NextTurn(), new StreamPoint(Receiver.Offset, Sender.From));
            }
        }

        if (other.OpenStream(new StreamOpening { Move = move }, leg, leg) is not null)
            return true;
        lock (Sender.Sync)
        {
            lock (Receiver.Sync)
            {
                if (_present == leg)
                    (_present, Last) = (null, leg.Previous!);
            }
        }

        // A thread that has given up the tunnel's streams meanwhile has left out this one, because it went on.
        if (table.IsOver)
            _stream.GiveUp(table);
        return false;
    }

    /// <summary>Edge: the hub has never heard of the stream, which is to go on over a leg: it is opened there as a new one.</summary>
    /// <returns>False when that may not be, since something of it has arrived or is not kept any more.</returns>
    public bool TryOpenAnew(StreamLeg leg)
    {
        lock (Sender.Sync)
        {
            lock (Receiver.Sync)
            {
                if (leg != _present || leg.Previous is null || Receiver.Offset > 0 || Sender.From > 0)
                    return false;
                (_present, Last) = (null, leg.Previous);
            }
        }

        // A callback of a connection may not open streams.
        Task.Run(() => OpenAnewAsync(leg.Tunnel!)).Guard("opening a stream anew");
        return true;
    }

    /// <summary>Edge: the hub says how far it has got, on a leg that goes on there.</summary>
    public void OnAnswer(StreamLeg leg, long received, long from)
    {
        long again = 0;
        lock (Sender.Sync)
        {
            lock (Receiver.Sync)
            {
                if (leg != _present)
                    return;
                if (from <= Receiver.Bytes && Sender.CanGoOnFrom(received))
                {
                    again = Sender.GoOnFrom(received);
                    leg.IsOpen = true;
                    _named = leg;
                }
            }
        }

        if (!leg.IsOpen)
        {
            leg.Later(static carrier => carrier.Reset(ResetReason.Protocol));
            return;
        }

        for (var lost = leg.Previous; lost is not null; lost = lost.Previous)
            lost.Table?.NoteMoved(_stream, again);
        Forget(leg.Previous, end: null);
        leg.Previous = null;
        leg.Later(static carrier => carrier.NotifyReadable());
        if (_stream.IsLocalReset)
            leg.Later(static carrier => carrier.NotifyLocalReset());
    }

    /// <summary>Hub: goes on over a stream of another tunnel, as the edge asks.</summary>
    /// <param name="named">The streams of the tunnel that the edge names.</param>
    /// <param name="move">What the edge asks for.</param>
    /// <param name="point">How far the edge has got.</param>
    /// <param name="carrier">The stream of the other tunnel.</param>
    /// <param name="table">The streams of that tunnel, if they may be moved again.</param>
    /// <returns>False, with nothing changed, when that is not possible.</returns>
    public bool TryTake(
        MovableStreams named, StreamMove move, StreamPoint point, ITunnelStream carrier, MovableStreams? table)
    {
        StreamLeg leg;
        StreamLeg known;
        StreamLeg newest;
        StreamLeg? old;
        StreamLeg? former;
        bool isAttached;
        long again;
        lock (Sender.Sync)
        {
            lock (Receiver.Sync)
            {
                if (_stream.IsSettled || !IsNewest(move) || point.From > Receiver.Bytes || !Sender.CanGoOnFrom(point.Received)
                    || Find(named, move.StreamId) is not { } found)
                {
                    return false;
                }

                NoteTurn(move);
                _stream.HandOvers.Drop();
                (known, newest, old) = (found, Last, _present);
                (former, known.Previous) = (known.Previous, null);
                _present = Last = leg = new StreamLeg(_stream) { Previous = known, Carrier = carrier, Table = table };
                leg.Answer(Receiver.Offset, Sender.From);
                again = Sender.GoOnFrom(point.Received);
                isAttached = _stream.Local is not null;
            }
        }

        named.NoteMoved(_stream, again);

        // The edge may not get the answer, and then names the same leg again. It names no other one of those before any more.
        Forget(newest, end: known);
        Forget(former, end: null);
        table?.Add(carrier.Id, _stream);
        carrier.Observer = leg;
        if (isAttached)
            carrier.Attach(leg);
        if (_stream.IsLocalReset)
            leg.Later(static carrier => carrier.NotifyLocalReset());
        old?.Carrier!.Reset(ResetReason.ShuttingDown);
        return true;
    }

    /// <summary>The peer says how much it has received on a leg.</summary>
    /// <returns>False when that was never sent.</returns>
    public bool TryAcknowledge(MovableStreams table, uint id, long offset)
    {
        lock (Sender.Sync)
        {
            if (_present is not { IsOpen: true } leg || leg.Table != table || leg.Carrier!.Id != id)
                return true;
            if (offset == AckQueue.Everything)
                Sender.Forget(inOrder: true);
            else if (!Sender.TryAcknowledge(offset))
                return false;
            if (!_stream.IsSettled)
                return true;
        }

        Forget();
        return true;
    }

    /// <summary>Lets the tunnels of all legs forget the stream. Called without a lock.</summary>
    public void Forget() => Forget(Last, end: null);

    private async Task OpenAnewAsync(ITunnel tunnel)
    {
        // If this one ends, too, the next one is asked again.
        while (!tunnel.Completion.IsCompleted)
        {
            await tunnel.WaitForRoomAsync();
            if (TryOpen(tunnel))
                return;
            await Task.Delay(MovableStreams.MovePause, _stream.Context.Time);
        }
    }

    private bool TryOpen(ITunnel tunnel)
    {
        StreamLeg leg;
        StreamLeg before;
        lock (Sender.Sync)
        {
            lock (Receiver.Sync)
            {
                if (_stream.IsOver || _present is not null)
                    return true;
                before = _named;
                _present = Last = _named = leg = new StreamLeg(_stream) { Previous = Last };
                Sender.GoOnFrom(0);
            }
        }

        if (tunnel.OpenStream(_stream.Opening, leg, leg) is not null)
        {
            Forget(leg.Previous, end: null);
            leg.Previous = null;
            return true;
        }

        lock (Sender.Sync)
        {
            lock (Receiver.Sync)
            {
                _named = before;
                if (_present == leg)
                    (_present, Last) = (null, leg.Previous!);
            }
        }

        if (Last.Table is { IsOver: true } table)
            _stream.GiveUp(table);
        return false;
    }

    // Called with both locks held.
    private StreamLeg? Find(MovableStreams table, uint id)
    {
        var leg = Last;
        while (leg is not null && (leg.Table != table || leg.Carrier?.Id != id))
            leg = leg.Previous;
        return leg;
    }

    private void Forget(StreamLeg? newest, StreamLeg? end)
    {
        for (var leg = newest; leg is not null && leg != end; leg = leg.Previous)
        {
            if (leg.Carrier is { } carrier)
                leg.Table?.Remove(carrier.Id, _stream);
        }
    }
}
