using Tunnel.Shared.Protocol;
using Tunnel.Shared.Protocol.Proxy;
using Tunnel.Shared.Transport.Moving.Tables;

namespace Tunnel.Shared.Transport.Moving;

/// <summary>
/// Lets a <see cref="MovableStream"/> go from a tunnel that lives to another one (protocol.md section 8): nothing is kept and nothing is
/// sent again, since the old tunnel brings what is under way. Each end says on the new leg where its bytes there begin, and ends the old
/// leg in order; that end is the stream's own only where the beginning counts it.
/// </summary>
/// <remarks>It is a struct, made when it is needed, since it has no state but the stream's.</remarks>
internal readonly struct HandOvers(MovableCore core, MovableSender sender, MovableReceiver receiver, StreamLegs legs)
{
    /// <summary>Edge: asks the hub to go on over another tunnel, unless the stream is on its way already or is ending.</summary>
    /// <param name="table">The streams of the tunnel that is left.</param>
    /// <param name="other">The other tunnel.</param>
    /// <returns>False when that tunnel takes no new streams now.</returns>
    public bool TryAsk(MovableStreams table, ITunnel other)
    {
        StreamHandOver way;
        StreamMove move;
        lock (core.SendLock)
        {
            lock (core.ReceiveLock)
            {
                if (!MayBegin(table) || core.Leg is not { Carrier: { } carrier } from)
                    return true;
                core.Way = way = new StreamHandOver(from, legs.Create(StreamLeg.BeginningSize)) { HasEnded = receiver.HasEnded };
                move = new StreamMove(table.TunnelId, carrier.Id, legs.NextTurn(), Point: null);
            }
        }

        if (other.OpenStream(new StreamOpening { Move = move }, way.To.Endpoint, way.To.Endpoint) is not null)
            return true;
        Stay(way);
        return false;
    }

    /// <summary>Hub: goes on over a stream of another tunnel, as the edge asks.</summary>
    /// <param name="named">The streams of the tunnel that the edge names.</param>
    /// <param name="move">What the edge asks for.</param>
    /// <param name="carrier">The stream of the other tunnel.</param>
    /// <param name="table">The streams of that tunnel, if they may be moved again.</param>
    /// <returns>False, with nothing changed, when that is not possible now.</returns>
    public bool TryTake(MovableStreams named, StreamMove move, ITunnelStream carrier, MovableStreams? table)
    {
        StreamHandOver way;
        lock (core.SendLock)
        {
            lock (core.ReceiveLock)
            {
                if (!MayBegin(named) || core.Local is null || !legs.IsNewest(move) || core.Leg is not { } from
                    || from.Carrier?.Id != move.StreamId)
                {
                    return false;
                }

                legs.NoteTurn(move);
                var to = legs.Create(StreamLeg.BeginningSize);
                (to.Carrier, to.Table) = (carrier, table);
                core.Way = way = new StreamHandOver(from, to) { HasEnded = receiver.HasEnded };
                Switch(way);
            }
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
                if (core.Way is not { } present || present.To != leg)
                    return;
                way = present;
                way.Beginning = offset;
                isAnswer = !way.IsSwitched;
                if (isAnswer)
                    Switch(way);
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
        StreamHandOver? way;
        var refuses = false;
        lock (core.ReceiveLock)
        {
            way = core.Way;
            if (way is null || !way.Has(leg))
                return false;
            if (leg == way.To && !way.IsSwitched)
            {
                refuses = end is { Side: StreamEndSide.Remote, Reason: ResetReason.NotOpened };
            }
            else if (end.Completed || (leg == way.To && end.Side == StreamEndSide.Remote))
            {
                way.Hold(leg, () => leg.Endpoint.OnStreamClosed(leg.Carrier!, end));
                return true;
            }
            else if (leg == way.To || !way.IsSwitched)
            {
                // This is the end of the present leg, and either the stream's too, or it waits for another tunnel.
                way = null;
            }
            else if (way.HasEnded)
            {
                // The old tunnel has brought all. The peer misses what this end has sent and has not arrived, and ends the stream.
                return true;
            }
        }

        if (way is null)
        {
            core.LeaveWay();
            return false;
        }

        if (refuses)
        {
            Stay(way);
            return true;
        }

        // What was under way is lost with the old leg; or the hub may send on the new one, and nobody knows from where.
        core.Leg?.Later(static carrier => carrier.Reset(ResetReason.Unspecified));
        lost = end.Side == StreamEndSide.Local ? new StreamEnd(StreamEndSide.Tunnel, ResetReason.Unspecified) : end;
        return true;
    }

    // Notes a leg's last byte where it is not known yet what it means. Returns false when it is the stream's.
    private bool TryHoldEnd(StreamLeg leg)
    {
        StreamHandOver way;
        lock (core.ReceiveLock)
        {
            if (core.Way is not { } present || !present.Has(leg))
                return false;
            way = present;
            if (leg == way.From)
                way.HasEnded = true;
            else if (way.Beginning is null)
                leg.Later(static carrier => carrier.Reset(ResetReason.Protocol));
            else
                way.Hold(leg, leg.Endpoint.ShutdownWrite);
        }

        Settle(way);
        return true;
    }

    // Called with both locks held.
    private bool MayBegin(MovableStreams table) =>
        core.Way is null && !core.IsOver && !core.IsLocalReset && !sender.IsSendingAgain
            && core.Leg is { IsOpen: true, HasUnsaid: false } leg && leg.Table == table;

    // Called with both locks held.
    private void Switch(StreamHandOver way)
    {
        way.IsSwitched = way.To.IsOpen = way.From.IsLeft = true;
        legs.HandOverTo(way.To);
        sender.HandOverTo(way.To);
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
        lock (core.ReceiveLock)
        {
            if (core.Way != way || !way.HasEnded || way.Beginning is not { } beginning)
                return;
            isEnd = beginning == receiver.Received.Count + 1;
            if (!isEnd && (beginning != receiver.Received.Count || receiver.HasEnded))
            {
                way.To.Later(static carrier => carrier.Reset(ResetReason.Protocol));
                return;
            }

            core.Way = null;
            said = way.End(way.To);
        }

        way.From.Release(core.Stream);

        // The peer may have heard on the old leg, too late there, what it waits for before it sends more.
        way.To.Table?.OnReceived(core.Stream, receiver.Received);
        if (isEnd)
            OnPeerEnd(way.To);
        foreach (var action in said)
            action();
    }

    // Edge: the stream stays on its leg, since the hub has not let it go on elsewhere.
    private void Stay(StreamHandOver way)
    {
        IReadOnlyList<Action> said;
        bool hasEnded;
        lock (core.ReceiveLock)
        {
            if (core.Way != way)
                return;
            core.Way = null;
            said = way.End(way.From);
            hasEnded = way.HasEnded;
        }

        way.To.Release(core.Stream);
        if (hasEnded)
            OnPeerEnd(way.From);
        foreach (var action in said)
            action();
    }
}
