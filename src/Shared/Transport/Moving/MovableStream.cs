using Tunnel.Shared.Protocol;
using Tunnel.Shared.Protocol.Proxy;
using Tunnel.Shared.Transport.Moving.Tables;

namespace Tunnel.Shared.Transport.Moving;

/// <summary>
/// A stream that outlives its tunnel (protocol.md section 8): what its local end and its owner see, over one carrier after the other. Each
/// direction counts its bytes from 0, and its end is one more; a <see cref="MovableSender"/> keeps what was sent until the peer says that
/// it has it. After a move both ends go on from what the other has received.
/// <para/> It stands above its parts, which share a <see cref="MovableCore"/> and name nothing above them. The locks of both halves guard
/// it (docs/architecture.md, "The order of locks"), and the present leg changes under both.
/// </summary>
internal sealed class MovableStream : IMovable, ILegEvents
{
    private readonly MovableSender _sender;
    private readonly MovableReceiver _receiver;
    private readonly NewOpening _opening;

    /// <summary>Edge: creates a client's stream.</summary>
    public MovableStream(
        TransportContext context, MovableStreams table, in StreamOpening opening, ILocalEndpoint local, IStreamObserver? observer)
        : this(context, table, opening)
    {
        Core.Local = local;
        Observer = observer;
    }

    /// <summary>Hub: creates the stream of a carrier that the edge has opened.</summary>
    public MovableStream(TransportContext context, ITunnelStream carrier, MovableStreams table)
        : this(context, table, default)
    {
        var leg = Legs.Last;
        OnCarrier(leg, carrier);
        carrier.Observer = leg.Endpoint;
    }

    private MovableStream(TransportContext context, MovableStreams table, in StreamOpening opening)
    {
        Core = new MovableCore(this, context, table.Share);
        _sender = new MovableSender(Core);
        _receiver = new MovableReceiver(Core);
        Legs = new StreamLegs(Core, _sender, _receiver, events: this);
        _opening = new NewOpening(Core, _sender, _receiver, Legs, opening);
        Legs.Last.Table = table;
    }

    public uint Id { get; private set; }

    public long BytesSent => _sender.Bytes;

    public long BytesReceived => _receiver.Received.Count;

    public ReceivedBytes Received => _receiver.Received;

    public bool IsOver => Core.IsOver;

    public bool IsSettled => _sender.IsSettled;

    /// <summary>The present leg; null while the stream waits for another tunnel.</summary>
    public StreamLeg? Leg => Core.Leg;

    /// <summary>What the parts of the stream share.</summary>
    public MovableCore Core { get; }

    public StreamLegs Legs { get; }

    /// <summary>Goes from one tunnel to another while both live.</summary>
    public HandOvers HandOvers => new(Core, _sender, _receiver, Legs);

    private LegMoves Moves => new(Core, _sender, _receiver, Legs);

    public IStreamObserver? Observer { get => Core.Owner.Observer; set => End.Watch(value); }

    private MovableEnd End => new(Core, _sender, _receiver, Legs, HandOvers, _opening);

    // ---- the local end

    public void Attach(ILocalEndpoint endpoint)
    {
        bool isOver;
        StreamLeg? leg;
        endpoint.Start(this);
        lock (Core.ReceiveLock)
        {
            Core.Local = endpoint;
            (isOver, leg) = (IsOver, Leg);
        }

        if (!isOver)
            leg?.Carrier!.Attach(leg.Endpoint);
        else
            endpoint.Reset(flush: false);
    }

    public void NotifyReadable()
    {
        if (Leg is not { Carrier: { } carrier } leg)
            return;

        // A local end may call while it is being called.
        if (Core.SendLock.IsHeldByCurrentThread || Core.ReceiveLock.IsHeldByCurrentThread)
            leg.Later(static carrier => carrier.NotifyReadable());
        else
            carrier.NotifyReadable();
    }

    public void NotifyLocalReset()
    {
        Core.IsLocalReset = true;
        if (Leg is { IsOpen: true } leg)
            leg.Later(static carrier => carrier.NotifyLocalReset());
    }

    public void Reset(ResetReason reason) => End.Reset(reason);

    // ---- the tables of its tunnels

    public bool HasLeft(MovableStreams table) => Leg is { IsOpen: true } leg && leg.Table != table;

    public bool Needs(MovableStreams table) =>
        !HasLeft(table)
        || (Core.Way is { } way && (way.From.Table == table ? !way.HasEnded : way.To.Table == table && way.IsInDoubt))
        || Leg?.Unconfirmed?.Table == table;

    public bool TryMove(MovableStreams table, ITunnel other) =>
        Core.Way is { IsInDoubt: true } way && way.To.Table == table && way.From.Table is { } from
            ? HandOvers.TryAsk(from, other)
            : Moves.TryMove(table, other);

    public bool TryHandOver(MovableStreams table, ITunnel other) => HandOvers.TryAsk(table, other);

    public bool TryTake(MovableStreams named, StreamMove move, ITunnelStream carrier, MovableStreams? table) =>
        move.Point is { } point
            ? Moves.TryTake(named, move, point, carrier, table)
            : HandOvers.TryTake(named, move, carrier, table);

    public bool TryAcknowledge(MovableStreams table, uint id, long offset) => Legs.TryAcknowledge(table, id, offset);

    public bool TryFindNumber(MovableStreams table, out uint id)
    {
        id = 0;
        if (Leg is not { Carrier: { } carrier } leg)
            return false;
        if (leg.Table != table)
        {
            leg.Table?.OnReceived(this, Received);
            return false;
        }

        id = carrier.Id;
        return true;
    }

    public void GiveUp(MovableStreams table) => End.GiveUp(table);

    public void ForgetSent() => _sender.Forget(inOrder: true);

    public void ForgetEnded() => End.Complete();

    // ---- its legs

    public void OnCarrier(StreamLeg leg, ITunnelStream carrier)
    {
        leg.Carrier = carrier;
        if (Id == 0)
        {
            Id = carrier.Id;
            Core.Local?.Start(this);
        }

        leg.Table?.Add(carrier.Id, this);
    }

    public void OnAnswer(StreamLeg leg, StreamPoint point) => Moves.OnAnswer(leg, point);

    public void OnBeginning(StreamLeg leg, long offset) => HandOvers.OnBeginning(leg, offset);

    public void OnPeerEnd(StreamLeg leg)
    {
        HandOvers.OnPeerEnd(leg);
        End.EndIfUnknown();
    }

    public void OnClose(StreamLeg leg) => HandOvers.OnClose(leg);

    public void OnReset(StreamLeg leg, bool flush)
    {
        lock (Core.ReceiveLock)
        {
            leg.WasReset = flush;
            if (!leg.IsLast)
                return;
        }

        Core.Local?.Reset(flush);
    }

    public void OnCarrierEnded(StreamLeg leg, in StreamEnd end) => End.OnCarrierEnded(leg, end);
}
