using Tunnel.Shared.Guarding;
using Tunnel.Shared.Protocol;
using Tunnel.Shared.Protocol.Proxy;
using Tunnel.Shared.Transport.Moving.Tables;

namespace Tunnel.Shared.Transport.Moving;

/// <summary>
/// Lets a <see cref="MovableStream"/> go from a tunnel that lives to another one (protocol.md section 8): nothing is kept and nothing is
/// sent again, since the old tunnel brings what is under way. Each end says on the new leg where its bytes there begin, and ends the old
/// leg in order; that end is the stream's own only where the beginning counts it. What the loss of one of the tunnels means meanwhile,
/// <see cref="HandOverEnds"/> says.
/// </summary>
/// <remarks>It is a struct, made when it is needed, since it has no state but the stream's.</remarks>
internal readonly struct HandOvers(MovableCore core, MovableSender sender, MovableReceiver receiver, StreamLegs legs)
{
    /// <inheritdoc cref="HandOverRequest.TryAsk"/>
    public bool TryAsk(MovableStreams table, ITunnel other) => new HandOverRequest(core, receiver, legs).TryAsk(table, other);

    /// <summary>Hub: goes on over a stream of another tunnel, as the edge asks.</summary>
    /// <param name="named">The streams of the tunnel that the edge names.</param>
    /// <param name="move">What the edge asks for.</param>
    /// <param name="carrier">The stream of the other tunnel.</param>
    /// <param name="table">The streams of that tunnel, if they may be moved again.</param>
    /// <returns>False when that is not possible now, and then nothing but the turn has changed.</returns>
    public bool TryTake(MovableStreams named, StreamMove move, ITunnelStream carrier, MovableStreams? table)
    {
        StreamHandOver way;
        StreamHandOver? before;
        lock (core.SendLock)
        {
            lock (core.ReceiveLock)
            {
                before = core.Way;
                if (!legs.IsNewest(move))
                    return false;

                // An edge that hears that the stream stays relies on it: what it has asked before comes too late from now on.
                legs.NoteTurn(move);
                if (!(before is null ? legs.MayBeHandedOver(named) && core.Local is not null : MayBeginAgain(before, named))
                    || (before is null ? core.Leg : before.From) is not { } from || from.Carrier?.Id != move.StreamId)
                {
                    return false;
                }

                var to = legs.Create(StreamLeg.BeginningSize);
                (to.Carrier, to.Table) = (carrier, table);
                way = new StreamHandOver(from, to) { HasEnded = receiver.HasEnded };
                if (before is not null)
                    way.Replace(before);
                core.Way = way;
                Switch(way, before?.To);
            }
        }

        if (before is not null)
        {
            before.To.Release(core.Stream, end: way.From);
            before.To.Later(static carrier => carrier.Reset(ResetReason.ShuttingDown));
        }

        table?.Add(carrier.Id, core.Stream);
        carrier.Observer = way.To.Endpoint;
        carrier.Attach(way.To.Endpoint);
        OnSwitched(way);
        return true;
    }

    /// <summary>The peer says where what it sends on a new leg begins.</summary>
    public void OnBeginning(StreamLeg leg, long offset)
    {
        StreamHandOver way;
        bool isAnswer;
        lock (core.SendLock)
        {
            lock (core.ReceiveLock)
            {
                if (core.Way is not { IsInDoubt: false } present || present.To != leg)
                    return;
                way = present;
                way.Beginning = offset;
                isAnswer = !way.IsSwitched;
                if (isAnswer)
                    Switch(way, instead: null);
            }
        }

        if (isAnswer)
            OnSwitched(way);
        Settle(way);
    }

    /// <summary>A leg has brought the peer's last byte: the stream's, or the old leg's alone, which may not be known yet.</summary>
    public void OnPeerEnd(StreamLeg leg)
    {
        if (!TryHoldEnd(leg))
            receiver.OnPeerEnd(leg);
    }

    /// <summary>The carrier of a leg has ended in order: so has the stream, unless it goes from one leg to another.</summary>
    public void OnClose(StreamLeg leg)
    {
        lock (core.ReceiveLock)
        {
            if (core.Way is { } way && way.Has(leg))
            {
                way.Hold(leg, leg.Endpoint.Close);
                return;
            }
        }

        receiver.Close(leg);
    }

    /// <summary>The carrier of a leg has ended while the stream goes from one to another.</summary>
    /// <param name="leg">The leg.</param>
    /// <param name="end">How its carrier has ended.</param>
    /// <param name="lost">How the stream ends by that; null when it goes on.</param>
    /// <returns>False when that is to be handled as ever.</returns>
    public bool TryTakeEnd(StreamLeg leg, StreamEnd end, out StreamEnd? lost)
    {
        lost = null;
        StreamHandOver way;
        CarrierEnding ending;
        lock (core.SendLock)
        {
            lock (core.ReceiveLock)
            {
                if (core.Way is not { } present || !present.Has(leg))
                    return false;
                way = present;
                ending = new HandOverEnds(core, legs).Take(way, leg, ref end);
                // The peer's answer may come at any moment, and must find no way then.
                if (ending == CarrierEnding.Ordinary)
                    core.LeaveWay();
            }
        }

        switch (ending)
        {
            case CarrierEnding.Ordinary:
                return false;
            case CarrierEnding.Stays:
                new HandOverRequest(core, receiver, legs).Stay(way);
                break;
            case CarrierEnding.EndsStream:
                core.Leg?.Later(static carrier => carrier.Reset(ResetReason.Unspecified));
                lost = end.Side == StreamEndSide.Local ? new StreamEnd(StreamEndSide.Tunnel, ResetReason.Unspecified) : end;
                break;
        }

        Settle(way);
        return true;
    }

    // Notes a leg's last byte where it is not known yet what it means. Returns false when it is the stream's.
    private bool TryHoldEnd(StreamLeg leg)
    {
        StreamHandOver way;
        HeldMove? asked = null;
        lock (core.ReceiveLock)
        {
            if (core.Way is not { } present || !present.Has(leg))
                return false;
            way = present;
            if (leg == way.From)
                (way.HasEnded, asked, way.Asked) = (true, way.Asked, null);
            else if (way.Beginning is null)
                leg.Later(static carrier => carrier.Reset(ResetReason.Protocol));
            else
                way.Hold(leg, leg.Endpoint.ShutdownWrite);
        }

        if (asked is not null)
            asked.Run();
        else
            Settle(way);
        return true;
    }

    // Hub: the edge asks again, since it has not heard that the hub goes on elsewhere, and all that was sent there is kept. Called with
    // both locks held.
    private bool MayBeginAgain(StreamHandOver before, MovableStreams table) =>
        before is { Beginning: null, IsFromGone: false } && before.From.Table == table && !core.IsOver
            && sender.CanGoOnFrom(before.To.BeginsAt);

    // Called with both locks held.
    private void Switch(StreamHandOver way, StreamLeg? instead)
    {
        way.IsSwitched = way.To.IsOpen = way.From.IsLeft = true;
        legs.HandOverTo(way.To, way.From);
        sender.HandOverTo(way.To, instead);
    }

    private void OnSwitched(StreamHandOver way)
    {
        // The old leg says that it has ended.
        way.From.Later(static carrier => carrier.NotifyReadable());
        way.To.Later(static carrier => carrier.NotifyReadable());
        if (core.IsLocalReset)
            way.To.Later(static carrier => carrier.NotifyLocalReset());
    }

    // Lets the new leg be heard once the old one has brought all.
    private void Settle(StreamHandOver way)
    {
        IReadOnlyList<Action> said;
        bool isEnd;
        bool isOldDone;
        lock (core.SendLock)
        {
            lock (core.ReceiveLock)
            {
                if (core.Way != way || way.Beginning is not { } beginning || (core.Leg is { } leg && leg != way.To))
                    return;

                // Where all bytes have come, the old leg's end says nothing more. One more than that may be a byte as well as the stream's
                // end.
                if (!way.HasEnded && !(way.IsFromGone && beginning == receiver.Received.Count))
                    return;
                isEnd = beginning == receiver.Received.Count + 1;
                if (!isEnd && (beginning != receiver.Received.Count || receiver.HasEnded))
                {
                    way.To.Later(static carrier => carrier.Reset(ResetReason.Protocol));
                    return;
                }

                core.Way = null;
                said = way.End(way.To);
                isOldDone = legs.TryFinish(way);
            }
        }

        if (isOldDone)
            way.From.Release(core.Stream);

        // The peer may have heard on the old leg, too late there, what it waits for before it sends more.
        way.To.Table?.OnReceived(core.Stream, receiver.Received);
        if (isEnd)
            OnPeerEnd(way.To);
        foreach (var action in said)
            action();
        if (way.Next is { } next && way.To.Table is { } lost)
            StreamMover.MoveAsync(core.Stream, lost, next).Guard("moving a stream to another tunnel");
    }
}
