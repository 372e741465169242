using Tunnel.Shared.Protocol;
using Tunnel.Shared.Protocol.Proxy;
using Tunnel.Shared.Transport.Moving.Tables;

namespace Tunnel.Shared.Transport.Moving;

/// <summary>
/// Lets a <see cref="MovableStream"/> go on over another tunnel when one of its own is lost (protocol.md section 8): both ends say how far
/// they have got, and send from there what they have kept.
/// </summary>
/// <param name="core">What the parts of the stream share.</param>
/// <param name="sender">Its sending half.</param>
/// <param name="receiver">Its receiving half.</param>
/// <param name="legs">Its legs.</param>
internal readonly struct LegMoves(MovableCore core, MovableSender sender, MovableReceiver receiver, StreamLegs legs)
{
    /// <summary>Edge: goes on over another tunnel, unless the stream does so on a third one already.</summary>
    /// <param name="table">The streams of the tunnel that is left.</param>
    /// <param name="other">The other tunnel.</param>
    /// <returns>False when that tunnel takes no new streams now.</returns>
    public bool TryMove(MovableStreams table, ITunnel other)
    {
        StreamLeg leg;
        StreamMove move;
        lock (core.SendLock)
        {
            lock (core.ReceiveLock)
            {
                if (sender.IsSettled || legs.Named.Carrier is null || !MayMove(table, other))
                    return true;
                leg = legs.Create(StreamPoint.Size);
                (leg.Previous, leg.Tunnel) = (legs.Last, other);
                legs.Begin(leg);
                var point = new StreamPoint(receiver.Received.Offset, sender.From);
                move = new StreamMove(legs.Named.Table!.TunnelId, legs.Named.Carrier!.Id, legs.NextTurn(), point);
            }
        }

        if (other.OpenStream(new StreamOpening { Move = move }, leg.Endpoint, leg.Endpoint) is not null)
            return true;
        lock (core.SendLock)
        {
            lock (core.ReceiveLock)
                legs.Undo(leg, legs.Named, core.Way is { IsToGone: false } way ? way.To : null);
        }

        // A thread that has given up the tunnel's streams meanwhile has left out this one, because it went on.
        if (table.IsOver)
            core.Stream.GiveUp(table);
        return false;
    }

    /// <summary>Edge: the hub says how far it has got, on a leg that goes on there.</summary>
    public void OnAnswer(StreamLeg leg, StreamPoint point)
    {
        long again = 0;
        lock (core.SendLock)
        {
            lock (core.ReceiveLock)
            {
                if (leg != core.Leg)
                    return;
                core.LeaveWay();
                if (point.From <= receiver.Received.Count && sender.CanGoOnFrom(point.Received))
                {
                    again = sender.GoOnFrom(point.Received);
                    leg.IsOpen = true;
                    legs.Named = leg;
                }
            }
        }

        if (!leg.IsOpen)
        {
            leg.Later(static carrier => carrier.Reset(ResetReason.Protocol));
            return;
        }

        for (var lost = leg.Previous; lost is not null; lost = lost.Previous)
        {
            if (lost.Table != leg.Table)
                lost.Table?.NoteMoved(core.Stream, again);
        }

        leg.ResetPrevious();
        leg.Previous?.Release(core.Stream);
        leg.Previous = null;
        leg.Later(static carrier => carrier.NotifyReadable());
        if (core.IsLocalReset)
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
        lock (core.SendLock)
        {
            lock (core.ReceiveLock)
            {
                // A tunnel that is over would take the stream along: the edge finds that, and asks again on another one.
                if (sender.IsSettled || !legs.IsNewest(move) || table is { IsOver: true } || Find(named, move.StreamId) is not { } found)
                    return false;
                if (core.Way is { HasEnded: false, IsFromGone: false, KeepsBoth: false } way)
                {
                    var moves = this;
                    return TryHold(way, found, new HeldMove(move, carrier, () => moves.TryTake(named, move, point, carrier, table)));
                }

                if (point.From > receiver.Received.Count || !sender.CanGoOnFrom(point.Received))
                    return false;
                legs.NoteTurn(move);
                core.LeaveWay();
                (known, newest, old) = (found, legs.Last, core.Leg);
                (former, known.Previous) = (known.Previous, null);
                leg = legs.Create(awaited: 0);
                (leg.Previous, leg.Carrier, leg.Table) = (known, carrier, table);
                legs.Begin(leg);
                leg.Answer(new StreamPoint(receiver.Received.Offset, sender.From));
                again = sender.GoOnFrom(point.Received);
                isAttached = core.Local is not null;
            }
        }

        named.NoteMoved(core.Stream, again);

        // The edge may not get the answer, and then names the same leg again. It names no other one of those before any more.
        newest.Release(core.Stream, end: known);
        former?.Release(core.Stream);
        table?.Add(carrier.Id, core.Stream);
        carrier.Observer = leg.Endpoint;
        if (isAttached)
            carrier.Attach(leg.Endpoint);
        if (core.IsLocalReset)
            leg.Later(static carrier => carrier.NotifyLocalReset());
        old?.Carrier!.Reset(ResetReason.ShuttingDown);
        return true;
    }

    // Edge: whether the stream has to be moved now, since a tunnel is lost. Called with both locks held.
    private bool MayMove(MovableStreams table, ITunnel other)
    {
        // The hub may miss what was sent on the leg before, though it goes on over this one.
        if (core.Way is null && core.Leg is { Unconfirmed: { } before } there && before.Table == table)
        {
            (core.Way, there.Unconfirmed) = (new StreamHandOver(before, there) { IsSwitched = true, Beginning = 0 }, null);
            core.Way.IsFromGone = true;
        }

        if (core.Way is not { } way)
            return core.Leg is not { } present || present.Table == table;
        if (!way.IsSwitched)
        {
            if (way.From.Table != table)
                return false;
            core.LeaveWay();
            return true;
        }

        if (core.Leg is { } asking && asking != way.To)
            return false;
        way.IsFromGone |= way.KeepsBoth && !way.HasEnded && way.From.Table == table;
        var isNewLost = way.IsToGone && way.To.Table == table;
        if (way is { IsFromGone: true, IsFromLeft: false } && (isNewLost || way.From.Table == table))
        {
            legs.Named = way.From;
            return true;
        }

        if (!isNewLost)
            return false;
        if (!way.KeepsBoth && !way.HasEnded)
        {
            // What the old tunnel brings can't be sent again, so it is heard first.
            way.Next = other;
            return false;
        }

        core.LeaveWay();
        return true;
    }

    // Hub: what the old leg still brings can't be sent again, so it is heard before the stream goes on elsewhere. Called with both locks
    // held.
    private static bool TryHold(StreamHandOver way, StreamLeg found, HeldMove asked)
    {
        if (found != way.To || (way.Asked is { } before && before.Move.Turn >= asked.Move.Turn))
            return false;
        way.Asked?.Refuse();
        way.Asked = asked;
        return true;
    }

    // Called with both locks held.
    private StreamLeg? Find(MovableStreams table, uint id)
    {
        var leg = legs.Last;
        while (leg is not null && (leg.Table != table || leg.Carrier?.Id != id))
            leg = leg.Previous;
        return leg;
    }
}
