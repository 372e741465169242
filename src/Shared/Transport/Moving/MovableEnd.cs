using Tunnel.Shared.Guarding;
using Tunnel.Shared.Protocol;
using Tunnel.Shared.Transport.Moving.Tables;
using Tunnel.Shared.Transport.Streams;

namespace Tunnel.Shared.Transport.Moving;

/// <summary>
/// Decides how a <see cref="MovableStream"/> ends, and whether the end of a leg's carrier is its end. When it is reset, and behind what,
/// <see cref="StreamLife"/> says.
/// </summary>
/// <remarks>It is a struct, made when it is needed, since it has no state but the stream's.</remarks>
/// <param name="core">What the parts of the stream share.</param>
/// <param name="sender">Its sending half.</param>
/// <param name="receiver">Its receiving half.</param>
/// <param name="legs">Its legs.</param>
/// <param name="handOvers">Its way from one tunnel to another.</param>
/// <param name="opening">Edge: opens it anew where the hub has never heard of it.</param>
internal readonly struct MovableEnd(
    MovableCore core, MovableSender sender, MovableReceiver receiver, StreamLegs legs, HandOvers handOvers, NewOpening opening)
{
    private bool HasBothEnds => receiver.HasEnded && sender.HasEnded;

    /// <summary>Sets who is told of the end, at once when the stream has ended already.</summary>
    public void Watch(IStreamObserver? observer)
    {
        bool isLate;
        lock (core.ReceiveLock)
            isLate = core.Owner.Watch(observer);
        if (isLate)
            Tell(observer);
    }

    /// <summary>Ends the stream for a reason of this process.</summary>
    public void Reset(ResetReason reason)
    {
        StreamLeg? leg;
        lock (core.ReceiveLock)
        {
            core.Wanted ??= reason;
            leg = core.Leg;
        }

        if (leg?.Carrier is { } carrier)
            carrier.Reset(reason);
        else
            End(new StreamEnd(StreamEndSide.Local, reason));
    }

    /// <inheritdoc cref="IMovable.GiveUp"/>
    public void GiveUp(MovableStreams table)
    {
        EndIfUnknown();
        if (core.Way is { } way && !core.IsOver && IsAwaited(way, table))
        {
            EndWithLeg(new StreamEnd(StreamEndSide.Tunnel, ResetReason.Unspecified));
            return;
        }

        // The carrier of an open stream tells of its end, and a stream that waits does so as long as its last tunnel lets it.
        if (core.Leg is { } leg ? leg.Table != table || !core.IsOver : legs.Last.Table != table)
            return;

        // Neither local end has anything more to say or to hear where both have ended.
        if (core.IsOver || HasBothEnds)
            Complete();
        else
            End(new StreamEnd(StreamEndSide.Tunnel, ResetReason.Unspecified));
    }

    /// <summary>
    /// Ends the stream where the old leg has brought all, and nobody will know any more whether that is all of the stream: the hub is not
    /// asked again, or the peer has reset the new leg before it has said so there.
    /// </summary>
    public void EndIfUnknown()
    {
        if (core.Way is not { HasEnded: true } way)
            return;
        if (way.IsHopeless)
            EndWithLeg(new StreamEnd(StreamEndSide.Tunnel, ResetReason.Unspecified));
        else if (way is { Beginning: null, Reset: { Reason: not ResetReason.ShuttingDown } reset })
            EndWithLeg(reset);
    }

    /// <summary>The carrier has ended. Where its tunnel was lost, the stream waits for another one.</summary>
    public void OnCarrierEnded(StreamLeg leg, in StreamEnd end)
    {
        if (handOvers.TryTakeEnd(leg, end, out var lost))
        {
            if (lost is { } ending)
                End(ending);
            else if (leg.Table is { IsOver: true } table)
                GiveUp(table);
            else
                EndIfUnknown();
            return;
        }

        if (!leg.IsOpen && end is { Side: StreamEndSide.Remote, Reason: ResetReason.NotOpened } && opening.TryBegin(leg))
            return;
        var isLost = end.Side == StreamEndSide.Tunnel && leg.Table is { Keeps: true, IsOver: false };
        bool isComplete;
        bool? reset = null;
        lock (core.SendLock)
        {
            lock (core.ReceiveLock)
            {
                if (leg != core.Leg)
                    return;

                // Both ends have all; a peer that knows so has forgotten the stream.
                isComplete = receiver.HasEnded && (isLost ? sender.IsEndTaken : !leg.IsOpen && HasBothEnds);
                if (isLost)
                    legs.Lose();
                else if (!isComplete && !core.IsOver)
                    (leg.IsLast, reset) = (true, leg.WasReset);
            }
        }

        if (isComplete)
        {
            Complete();
        }
        else if (!isLost)
        {
            if (reset is { } flush)
                core.Local?.Reset(flush);
            Finish(leg.IsOpen ? end : new StreamEnd(StreamEndSide.Tunnel, ResetReason.Unspecified));
        }
        else if (core.Wanted is { } reason)
        {
            End(new StreamEnd(StreamEndSide.Local, reason));
        }
        else if (leg.Table!.IsOver)
        {
            // The stream was lost only a moment ago, and the thread that gave up the tunnel's streams then saw that this one was not yet
            // lost.
            GiveUp(leg.Table);
        }
    }

    /// <summary>Ends the stream in order: both ends have all, or never will.</summary>
    public void Complete()
    {
        receiver.Close(leg: null);
        sender.Forget(inOrder: true);
        Finish(default);
    }

    // Whether the stream waits for a move that a tunnel's end makes impossible.
    private bool IsAwaited(StreamHandOver way, MovableStreams table) =>
        (core.Leg is null || core.Leg == way.To)
            && ((way.From.Table == table && (way.IsFromGone || way.Reset is not null)) || (way.To.Table == table && way.Reset is not null));

    private void EndWithLeg(in StreamEnd end)
    {
        core.Leg?.Later(static carrier => carrier.Reset(ResetReason.Unspecified));
        End(end);
    }

    // Ends the stream, whatever its legs do.
    private void End(in StreamEnd end)
    {
        lock (core.ReceiveLock)
        {
            if (core.IsOver)
                return;
            receiver.NoteReset();
        }

        core.Local?.Reset(StreamLife.ResetsBehindData(end));
        Finish(end);
    }

    private void Finish(in StreamEnd end)
    {
        bool isFirst;
        IStreamObserver? observer;
        TrafficMeter? traffic;
        lock (core.SendLock)
        {
            lock (core.ReceiveLock)
            {
                isFirst = core.Owner.TryEnd(end, out observer);
                traffic = legs.Last.Table?.Traffic;
                if (!core.Owner.End.Completed)
                    sender.Forget(inOrder: false);
            }
        }

        if (isFirst && !end.Completed)
            traffic?.CountReset();
        // A peer that hears of no other end must not wait for another move.
        core.LeaveWay(end.Completed ? ResetReason.ShuttingDown : ResetReason.Unspecified);
        if (!end.Completed)
            legs.Last.ResetPrevious();
        // A stream that ended in order is kept until the peer has its end, too.
        var table = core.Leg?.Table;
        if (sender.IsSettled || table is not { Keeps: true } || !table.TryKeepEnded(core.Stream))
        {
            sender.Forget(inOrder: true);
            legs.Forget();
        }

        if (!isFirst)
            return;
        // The peer's side may have ended in order before, and then waits for an acknowledgement that would not come.
        table?.OnReceived(core.Stream, receiver.Received);
        Tell(observer);
    }

    private void Tell(IStreamObserver? observer)
    {
        if (OwnerEnd.Tell(observer, core.Stream, core.Owner.End) is { } defect)
            Defects.Note("telling the owner of a stream of its end", defect);
    }
}
