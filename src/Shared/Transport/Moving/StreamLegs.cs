using Tunnel.Shared.Guarding;
using Tunnel.Shared.Protocol;
using Tunnel.Shared.Protocol.Proxy;
using Tunnel.Shared.Transport.Moving.Tables;

namespace Tunnel.Shared.Transport.Moving;

/// <summary>
/// The legs of a <see cref="MovableStream"/>: the present one, and those before it whose tunnels still know the stream, because the peer
/// may name one of them. The present leg changes under both locks of the stream.
/// </summary>
internal sealed class StreamLegs
{
    private readonly MovableCore _core;
    private readonly MovableSender _sender;
    private readonly MovableReceiver _receiver;
    private readonly ILegEvents _events;
    private readonly StreamOpening _opening;

    // The leg on which the hub has last answered, by which it knows the stream.
    private StreamLeg _named;
    private uint _turn;

    /// <summary>Creates the first leg.</summary>
    /// <param name="core">What the parts of the stream share.</param>
    /// <param name="sender">Its sending half.</param>
    /// <param name="receiver">Its receiving half.</param>
    /// <param name="events">Hears what happens to the legs.</param>
    /// <param name="opening">Edge: what the hub was told when the stream was opened.</param>
    public StreamLegs(
        MovableCore core, MovableSender sender, MovableReceiver receiver, ILegEvents events, in StreamOpening opening)
    {
        (_core, _sender, _receiver, _events, _opening) = (core, sender, receiver, events, opening);
        core.Leg = _named = Last = Create(awaited: 0);
    }

    /// <summary>The present leg, or the one before while there is none.</summary>
    public StreamLeg Last { get; private set; }

    /// <summary>Makes a leg.</summary>
    /// <param name="awaited">The bytes that the peer says before its first data, by which this end knows how to go on.</param>
    public StreamLeg Create(int awaited) => new LegEndpoint(_sender, _receiver, _events, awaited).Leg;

    /// <summary>The present leg's tunnel is lost. Called with both locks held.</summary>
    public void Lose() => _core.Leg = null;

    /// <summary>Edge: counts a move. Called with both locks held.</summary>
    /// <returns>Its number.</returns>
    public uint NextTurn() => ++_turn;

    /// <summary>Hub: whether a move is the newest that the edge has asked for. Called with both locks held.</summary>
    public bool IsNewest(StreamMove move) => move.Turn > _turn;

    /// <summary>Hub: a move is done as the edge has asked. Called with both locks held.</summary>
    public void NoteTurn(StreamMove move) => _turn = move.Turn;

    /// <summary>This end sends on another leg; what is under way still comes on the old one. Called with both locks held.</summary>
    public void HandOverTo(StreamLeg leg) => (_core.Leg, Last, _named) = (leg, leg, leg);

    /// <summary>Edge: goes on over another tunnel, unless the stream does so on a third one already.</summary>
    /// <param name="table">The streams of the tunnel that is left.</param>
    /// <param name="other">The other tunnel.</param>
    /// <returns>False when that tunnel takes no new streams now.</returns>
    public bool TryMove(MovableStreams table, ITunnel other)
    {
        StreamLeg leg;
        StreamMove move;
        lock (_core.SendLock)
        {
            lock (_core.ReceiveLock)
            {
                if (_sender.IsSettled || (_core.Leg is { } present && present.Table != table) || _named.Carrier is null)
                    return true;
                leg = Create(StreamPoint.Size);
                (leg.Previous, leg.Tunnel) = (Last, other);
                _core.Leg = Last = leg;
                move = new StreamMove(
                    _named.Table!.TunnelId, _named.Carrier!.Id, NextTurn(), new StreamPoint(_receiver.Received.Offset, _sender.From));
            }
        }

        if (other.OpenStream(new StreamOpening { Move = move }, leg.Endpoint, leg.Endpoint) is not null)
            return true;
        lock (_core.SendLock)
        {
            lock (_core.ReceiveLock)
            {
                if (_core.Leg == leg)
                    (_core.Leg, Last) = (null, leg.Previous!);
            }
        }

        // A thread that has given up the tunnel's streams meanwhile has left out this one, because it went on.
        if (table.IsOver)
            _core.Stream.GiveUp(table);
        return false;
    }

    /// <summary>Edge: the hub has never heard of the stream, which is to go on over a leg: it is opened there as a new one.</summary>
    /// <returns>False when that may not be, since something of it has arrived or is not kept any more.</returns>
    public bool TryOpenAnew(StreamLeg leg)
    {
        lock (_core.SendLock)
        {
            lock (_core.ReceiveLock)
            {
                if (leg != _core.Leg || leg.Previous is null || _receiver.Received.Offset > 0 || _sender.From > 0)
                    return false;
                (_core.Leg, Last) = (null, leg.Previous);
            }
        }

        // A callback of a connection may not open streams.
        Task.Run(() => OpenAnewAsync(leg.Tunnel!)).Guard("opening a stream anew");
        return true;
    }

    /// <summary>Edge: the hub says how far it has got, on a leg that goes on there.</summary>
    public void OnAnswer(StreamLeg leg, StreamPoint point)
    {
        long again = 0;
        lock (_core.SendLock)
        {
            lock (_core.ReceiveLock)
            {
                if (leg != _core.Leg)
                    return;
                if (point.From <= _receiver.Received.Count && _sender.CanGoOnFrom(point.Received))
                {
                    again = _sender.GoOnFrom(point.Received);
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
            lost.Table?.NoteMoved(_core.Stream, again);
        leg.Previous?.Release(_core.Stream);
        leg.Previous = null;
        leg.Later(static carrier => carrier.NotifyReadable());
        if (_core.IsLocalReset)
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
        lock (_core.SendLock)
        {
            lock (_core.ReceiveLock)
            {
                if (_sender.IsSettled || !IsNewest(move) || point.From > _receiver.Received.Count || !_sender.CanGoOnFrom(point.Received)
                    || Find(named, move.StreamId) is not { } found)
                {
                    return false;
                }

                NoteTurn(move);
                _core.LeaveWay();
                (known, newest, old) = (found, Last, _core.Leg);
                (former, known.Previous) = (known.Previous, null);
                leg = Create(awaited: 0);
                (leg.Previous, leg.Carrier, leg.Table) = (known, carrier, table);
                _core.Leg = Last = leg;
                leg.Answer(new StreamPoint(_receiver.Received.Offset, _sender.From));
                again = _sender.GoOnFrom(point.Received);
                isAttached = _core.Local is not null;
            }
        }

        named.NoteMoved(_core.Stream, again);

        // The edge may not get the answer, and then names the same leg again. It names no other one of those before any more.
        newest.Release(_core.Stream, end: known);
        former?.Release(_core.Stream);
        table?.Add(carrier.Id, _core.Stream);
        carrier.Observer = leg.Endpoint;
        if (isAttached)
            carrier.Attach(leg.Endpoint);
        if (_core.IsLocalReset)
            leg.Later(static carrier => carrier.NotifyLocalReset());
        old?.Carrier!.Reset(ResetReason.ShuttingDown);
        return true;
    }

    /// <summary>The peer says how much it has received on a leg.</summary>
    /// <returns>False when that was never sent.</returns>
    public bool TryAcknowledge(MovableStreams table, uint id, long offset)
    {
        lock (_core.SendLock)
        {
            if (_core.Leg is not { IsOpen: true } leg || leg.Table != table || leg.Carrier!.Id != id)
                return true;
            if (offset == AckQueue.Everything)
                _sender.Forget(inOrder: true);
            else if (!_sender.TryAcknowledge(offset))
                return false;
            if (!_sender.IsSettled)
                return true;
        }

        Forget();
        return true;
    }

    /// <summary>Lets the tunnels of all legs forget the stream. Called without a lock.</summary>
    public void Forget() => Last.Release(_core.Stream);

    private async Task OpenAnewAsync(ITunnel tunnel)
    {
        // If this one ends, too, the next one is asked again.
        while (!tunnel.Completion.IsCompleted)
        {
            await tunnel.WaitForRoomAsync();
            if (TryOpen(tunnel))
                return;
            await Task.Delay(StreamMover.Pause, _core.Context.Time);
        }
    }

    private bool TryOpen(ITunnel tunnel)
    {
        StreamLeg leg;
        StreamLeg before;
        lock (_core.SendLock)
        {
            lock (_core.ReceiveLock)
            {
                if (_core.IsOver || _core.Leg is not null)
                    return true;
                before = _named;
                leg = Create(awaited: 0);
                leg.Previous = Last;
                _core.Leg = Last = _named = leg;
                _sender.GoOnFrom(0);
            }
        }

        if (tunnel.OpenStream(_opening, leg.Endpoint, leg.Endpoint) is not null)
        {
            leg.Previous?.Release(_core.Stream);
            leg.Previous = null;
            return true;
        }

        lock (_core.SendLock)
        {
            lock (_core.ReceiveLock)
            {
                _named = before;
                if (_core.Leg == leg)
                    (_core.Leg, Last) = (null, leg.Previous!);
            }
        }

        if (Last.Table is { IsOver: true } table)
            _core.Stream.GiveUp(table);
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
}
