using Tunnel.Shared.Protocol;
using Tunnel.Shared.Protocol.Proxy;

namespace Tunnel.Shared.Transport.Moving;

/// <summary>
/// Lets a <see cref="MovableStream"/> go from a tunnel that lives to another one (protocol.md section 8): nothing is kept and nothing is
/// sent again, since the old tunnel brings what is under way. Each end says on the new leg where its bytes there begin, and ends the old
/// leg in order; that end is the stream's own only where the beginning counts it.
/// </summary>
internal sealed class HandOvers(MovableStream stream)
{
    private volatile StreamHandOver? _way;

    /// <summary>The leg whose bytes are heard now.</summary>
    public StreamLeg? Receiving => _way is { } way ? way.From : stream.Leg;

    private MovableSender Sender => stream.Sender;

    private MovableReceiver Receiver => stream.Receiver;

    /// <summary>The task that a leg's bytes have to wait for; null when they need not. Called with the lock of receiving held.</summary>
    public Task? Before(StreamLeg leg) => _way is { } way && leg == way.To ? way.Done : null;

    /// <summary>Edge: asks the hub to go on over another tunnel, unless the stream is on its way already or is ending.</summary>
    /// <param name="table">The streams of the tunnel that is left.</param>
    /// <param name="other">The other tunnel.</param>
    /// <returns>False when that tunnel takes no new streams now.</returns>
    public bool TryAsk(MovableStreams table, ITunnel other)
    {
        StreamHandOver way;
        StreamMove move;
        lock (Sender.Sync)
        {
            lock (Receiver.Sync)
            {
                if (!MayBegin(table) || stream.Leg is not { Carrier: { } carrier } from)
                    return true;
                _way = way = new StreamHandOver(from, new StreamLeg(stream, StreamLeg.BeginningSize)) { HasEnded = Receiver.HasEnded };
                move = new StreamMove(table.TunnelId, carrier.Id, stream.Legs.NextTurn(), Point: null);
            }
        }

        if (other.OpenStream(new StreamOpening { Move = move }, way.To, way.To) is not null)
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
        lock (Sender.Sync)
        {
            lock (Receiver.Sync)
            {
                if (!MayBegin(named) || stream.Local is null || !stream.Legs.IsNewest(move) || stream.Leg is not { } from
                    || from.Carrier?.Id != move.StreamId)
                {
                    return false;
                }

                stream.Legs.NoteTurn(move);
                var to = new StreamLeg(stream, StreamLeg.BeginningSize) { Carrier = carrier, Table = table };
                _way = way = new StreamHandOver(from, to) { HasEnded = Receiver.HasEnded };
                Switch(way);
            }
        }

        table?.Add(carrier.Id, stream);
        carrier.Observer = way.To;
        carrier.Attach(way.To);
        OnSwitched(way);
        return true;
    }

    /// <summary>The peer says where what it sends on a new leg begins.</summary>
    public void OnBeginning(StreamLeg leg, long offset)
    {
        StreamHandOver way;
        bool isAnswer;
        lock (Sender.Sync)
        {
            lock (Receiver.Sync)
            {
                if (_way is not { } present || present.To != leg)
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

    /// <summary>Notes a leg's last byte where it is not known yet what it means.</summary>
    /// <returns>False when it is the stream's.</returns>
    public bool TryHoldEnd(StreamLeg leg)
    {
        StreamHandOver way;
        lock (Receiver.Sync)
        {
            if (_way is not { } present || (leg != present.From && leg != present.To))
                return false;
            way = present;
            if (leg == way.From)
                way.HasEnded = true;
            else if (way.Beginning is null)
                leg.Later(static carrier => carrier.Reset(ResetReason.Protocol));
            else
                way.Hold(leg, () => Receiver.OnPeerEnd(leg));
        }

        Settle(way);
        return true;
    }

    /// <summary>Keeps what a leg has said behind its last byte.</summary>
    /// <returns>False when it counts now.</returns>
    public bool TryHold(StreamLeg leg, Action said)
    {
        lock (Receiver.Sync)
        {
            if (_way is not { } way || (leg != way.From && leg != way.To))
                return false;
            way.Hold(leg, said);
            return true;
        }
    }

    /// <summary>The carrier of a leg has ended while the stream goes from one to another.</summary>
    /// <returns>False when that is to be handled as ever.</returns>
    public bool TryTakeEnd(StreamLeg leg, StreamEnd end)
    {
        StreamHandOver? way;
        var refuses = false;
        lock (Receiver.Sync)
        {
            way = _way;
            if (way is null || (leg != way.From && leg != way.To))
                return false;
            if (leg == way.To && !way.IsSwitched)
            {
                refuses = end is { Side: StreamEndSide.Remote, Reason: ResetReason.NotOpened };
            }
            else if (end.Completed || (leg == way.To && end.Side == StreamEndSide.Remote))
            {
                way.Hold(leg, () => stream.OnCarrierEnded(leg, end));
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
            Drop();
            return false;
        }

        if (refuses)
        {
            Stay(way);
            return true;
        }

        // What was under way is lost with the old leg; or the hub may send on the new one, and nobody knows from where.
        stream.Leg?.Later(static carrier => carrier.Reset(ResetReason.Unspecified));
        stream.End(end.Side == StreamEndSide.Local ? new StreamEnd(StreamEndSide.Tunnel, ResetReason.Unspecified) : end);
        return true;
    }

    /// <summary>
    /// The stream has ended, or waits for another tunnel, or goes on over one that it waited for: no leg but the present one has anything
    /// to say any more. Allowed with the stream's locks held.
    /// </summary>
    public void Drop()
    {
        StreamHandOver? way;
        lock (Receiver.Sync)
        {
            (way, _way) = (_way, null);
            if (way is null)
                return;
            way.End(heard: null);
        }

        var other = way.IsSwitched ? way.From : way.To;
        Release(other);
        if (other.Carrier is not null)
            other.Later(static carrier => carrier.Reset(ResetReason.ShuttingDown));
    }

    // Called with both locks held.
    private bool MayBegin(MovableStreams table) =>
        _way is null && !stream.IsOver && !stream.IsLocalReset && !Sender.IsSendingAgain
            && stream.Leg is { IsOpen: true, HasUnsaid: false } leg && leg.Table == table;

    // Called with both locks held.
    private void Switch(StreamHandOver way)
    {
        way.IsSwitched = way.To.IsOpen = way.From.IsLeft = true;
        stream.Legs.HandOverTo(way.To);
        Sender.HandOverTo(way.To);
    }

    private void OnSwitched(StreamHandOver way)
    {
        // The old leg says that it has ended.
        way.From.Later(static carrier => carrier.NotifyReadable());
        way.To.Later(static carrier => carrier.NotifyReadable());
        if (stream.IsLocalReset)
            way.To.Later(static carrier => carrier.NotifyLocalReset());
    }

    // Lets the new leg be heard once the old one has brought all.
    private void Settle(StreamHandOver way)
    {
        IReadOnlyList<Action> said;
        bool isEnd;
        lock (Receiver.Sync)
        {
            if (_way != way || !way.HasEnded || way.Beginning is not { } beginning)
                return;
            isEnd = beginning == Receiver.Bytes + 1;
            if (!isEnd && (beginning != Receiver.Bytes || Receiver.HasEnded))
            {
                way.To.Later(static carrier => carrier.Reset(ResetReason.Protocol));
                return;
            }

            _way = null;
            said = way.End(way.To);
        }

        Release(way.From);

        // The peer may have heard on the old leg, too late there, what it waits for before it sends more.
        way.To.Table?.OnReceived(stream);
        if (isEnd)
            Receiver.OnPeerEnd(way.To);
        foreach (var action in said)
            action();
    }

    // Edge: the stream stays on its leg, since the hub has not let it go on elsewhere.
    private void Stay(StreamHandOver way)
    {
        IReadOnlyList<Action> said;
        bool hasEnded;
        lock (Receiver.Sync)
        {
            if (_way != way)
                return;
            _way = null;
            said = way.End(way.From);
            hasEnded = way.HasEnded;
        }

        Release(way.To);
        if (hasEnded)
            Receiver.OnPeerEnd(way.From);
        foreach (var action in said)
            action();
    }

    // The tunnels of a leg and of those before it forget the stream.
    private void Release(StreamLeg released)
    {
        for (var leg = released; leg is not null; leg = leg.Previous)
        {
            if (leg.Carrier is { } carrier)
                leg.Table?.Remove(carrier.Id, stream);
        }
    }
}
