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
    private uint _turn;

    /// <summary>Creates the first leg.</summary>
    /// <param name="core">What the parts of the stream share.</param>
    /// <param name="sender">Its sending half.</param>
    /// <param name="receiver">Its receiving half.</param>
    /// <param name="events">Hears what happens to the legs.</param>
    public StreamLegs(MovableCore core, MovableSender sender, MovableReceiver receiver, ILegEvents events)
    {
        (_core, _sender, _receiver, _events) = (core, sender, receiver, events);
        core.Leg = Named = Last = Create(awaited: 0);
    }

    /// <summary>The present leg, or the one before while there is none.</summary>
    public StreamLeg Last { get; private set; }

    /// <summary>Edge: the leg on which the hub has last answered, by which it knows the stream.</summary>
    public StreamLeg Named { get; set; }

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

    /// <summary>Hub: a move was asked for: an older one comes too late from now on. Called with both locks held.</summary>
    public void NoteTurn(StreamMove move) => _turn = move.Turn;

    /// <summary>Goes on over a leg that nobody was told of yet. Called with both locks held.</summary>
    public void Begin(StreamLeg leg) => _core.Leg = Last = leg;

    /// <summary>Goes on over a leg that the hub knows the stream by. Called with both locks held.</summary>
    public void BeginAnew(StreamLeg leg) => _core.Leg = Last = Named = leg;

    /// <summary>A leg has come to nothing. Called with both locks held.</summary>
    /// <param name="leg">The leg.</param>
    /// <param name="named">The leg by which the hub knows the stream.</param>
    /// <param name="present">The leg that is the present one instead; null when there is none.</param>
    public void Undo(StreamLeg leg, StreamLeg named, StreamLeg? present = null)
    {
        Named = named;
        if (_core.Leg == leg)
            (_core.Leg, Last) = (present, leg.Previous!);
    }

    /// <summary>Whether a leg that lives may be left for another one. Called with both locks held.</summary>
    /// <param name="table">The streams of its tunnel.</param>
    public bool MayBeHandedOver(MovableStreams table) =>
        _core.Way is null && !_core.IsOver && !_core.IsLocalReset && !_sender.IsSendingAgain
            && _core.Leg is { IsOpen: true, HasUnsaid: false } leg && leg.Table == table;

    /// <summary>
    /// This end sends on another leg; what is under way still comes on the old one, which the edge may still name. Called with both locks
    /// held.
    /// </summary>
    public void HandOverTo(StreamLeg leg, StreamLeg from)
    {
        from.Previous?.Release(_core.Stream);
        from.Previous = null;
        leg.Previous = from;
        BeginAnew(leg);
    }

    /// <summary>
    /// The old leg has brought all to this end. If its tunnel is lost before the other end has all, that is sent again after a move that
    /// names it. Called with both locks held.
    /// </summary>
    /// <returns>Whether the other end has all, too, so that its tunnel may forget the stream.</returns>
    public bool TryFinish(StreamHandOver way)
    {
        if (way.KeepsBoth && (_core.Leg != way.To || way.To.Tunnel is null))
            return false;
        if (way.KeepsBoth && !way.To.IsConfirmed)
        {
            way.To.Unconfirmed = way.From;
            return false;
        }

        if (way.To.Previous == way.From)
            way.To.Previous = null;
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
            if (offset >= leg.Beginning)
                Confirm(leg);
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

    // The peer has all that was sent before this leg. Called with the lock of sending held.
    private void Confirm(StreamLeg leg)
    {
        leg.IsConfirmed = true;
        StreamLeg? before;
        lock (_core.ReceiveLock)
        {
            (before, leg.Unconfirmed) = (leg.Unconfirmed, null);
            if (before is null)
                return;
            leg.Previous = null;
        }

        before.Release(_core.Stream);
    }
}
