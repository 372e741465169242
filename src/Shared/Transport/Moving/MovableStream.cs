using Tunnel.Shared.Guarding;
using Tunnel.Shared.Protocol;
using Tunnel.Shared.Transport.Streams;

namespace Tunnel.Shared.Transport.Moving;

/// <summary>
/// A stream that outlives its tunnel (protocol.md section 8): what its local end and its owner see, over one carrier after the other. Each
/// direction counts its bytes from 0, and its end is one more; a <see cref="MovableSender"/> keeps what was sent until the peer says that
/// it has it. After a move both ends go on from what the other has received. When it is reset, and behind what, <see cref="StreamLife"/>
/// says.
/// <para/> The locks of both halves guard it (docs/architecture.md, "The order of locks"), and the present leg changes under both.
/// </summary>
internal sealed class MovableStream : ITunnelStream
{
    private volatile ILocalEndpoint? _local;
    private volatile bool _isLocalReset;
    private ResetReason? _wanted;
    private OwnerEnd _owner;

    /// <summary>Edge: creates a client's stream.</summary>
    public MovableStream(TransportContext context, in StreamOpening opening, ILocalEndpoint local, IStreamObserver? observer)
        : this(context) => (Opening, _local, Observer) = (opening, local, observer);

    /// <summary>Hub: creates the stream of a carrier that the edge has opened.</summary>
    public MovableStream(TransportContext context, ITunnelStream carrier, MovableStreams table)
        : this(context)
    {
        var leg = Legs.Last;
        leg.Table = table;
        OnCarrier(leg, carrier);
        carrier.Observer = leg;
    }

    private MovableStream(TransportContext context)
    {
        Context = context;
        Sender = new MovableSender(this, context);
        Receiver = new MovableReceiver(this);
        Legs = new StreamLegs(this);
        HandOvers = new HandOvers(this);
    }

    public uint Id { get; private set; }

    public long BytesSent => Sender.Bytes;

    public long BytesReceived => Receiver.Bytes;

    public MovableSender Sender { get; }

    public MovableReceiver Receiver { get; }

    public StreamLegs Legs { get; }

    /// <summary>Goes from one tunnel to another while both live.</summary>
    public HandOvers HandOvers { get; }

    public TransportContext Context { get; }

    /// <summary>Edge: what the hub was told when the stream was opened.</summary>
    public StreamOpening Opening { get; }

    /// <summary>Whether the stream has ended for its owner.</summary>
    public bool IsOver => _owner.HasEnded;

    /// <summary>The present leg; null while the stream waits for another tunnel.</summary>
    public StreamLeg? Leg => Legs.Present;

    /// <summary>The local end; null at the hub until the upstream is connected.</summary>
    public ILocalEndpoint? Local => _local;

    /// <summary>Whether the local peer has reset, perhaps behind bytes that are still unread. A write may find it first.</summary>
    public bool IsLocalReset { get => _isLocalReset; set => _isLocalReset = value; }

    /// <summary>How much the peer was told that has come.</summary>
    public long Told { get; set; }

    /// <summary>Whether the peer is about to be told. Guarded by the lock of the <see cref="AckQueue"/>.</summary>
    public bool IsToldSoon { get; set; }

    /// <summary>Whether neither end will ask for anything any more.</summary>
    public bool IsSettled => IsOver && (!_owner.End.Completed || Sender.IsEndTaken);

    public IStreamObserver? Observer
    {
        get => _owner.Observer;
        set
        {
            bool isLate;
            lock (Receiver.Sync)
                isLate = _owner.Watch(value);
            if (isLate)
                Tell(value);
        }
    }

    private bool HasBothEnds => Receiver.HasEnded && Sender.HasEnded;

    public void Attach(ILocalEndpoint endpoint)
    {
        bool isOver;
        StreamLeg? leg;
        endpoint.Start(this);
        lock (Receiver.Sync)
        {
            _local = endpoint;
            (isOver, leg) = (IsOver, Leg);
        }

        if (!isOver)
            leg?.Carrier!.Attach(leg);
        else
            endpoint.Reset(flush: false);
    }

    public void NotifyReadable()
    {
        if (Leg is not { Carrier: { } carrier } leg)
            return;

        // A local end may call while it is being called.
        if (Sender.Sync.IsHeldByCurrentThread || Receiver.Sync.IsHeldByCurrentThread)
            leg.Later(static carrier => carrier.NotifyReadable());
        else
            carrier.NotifyReadable();
    }

    public void NotifyLocalReset()
    {
        _isLocalReset = true;
        if (Leg is { IsOpen: true } leg)
            leg.Later(static carrier => carrier.NotifyLocalReset());
    }

    public void Reset(ResetReason reason)
    {
        StreamLeg? leg;
        lock (Receiver.Sync)
        {
            _wanted ??= reason;
            leg = Leg;
        }

        if (leg?.Carrier is { } carrier)
            carrier.Reset(reason);
        else
            End(new StreamEnd(StreamEndSide.Local, reason));
    }

    /// <summary>No tunnel has taken the stream in time, or none may: ends it, unless it goes on elsewhere.</summary>
    /// <param name="table">The streams of the tunnel that has ended.</param>
    public void GiveUp(MovableStreams table)
    {
        // The carrier of an open stream tells of its end, and a stream that waits does so as long as its last tunnel lets it.
        if (Leg is { } leg ? leg.Table != table || !IsOver : Legs.Last.Table != table)
            return;

        // Neither local end has anything more to say or to hear where both have ended.
        if (IsOver || HasBothEnds)
            Complete();
        else
            End(new StreamEnd(StreamEndSide.Tunnel, ResetReason.Unspecified));
    }

    /// <summary>Forgets a stream that has ended in order, though the peer has not said that it has its end.</summary>
    public void ForgetEnded() => Complete();

    /// <summary>The leg's carrier is known.</summary>
    public void OnCarrier(StreamLeg leg, ITunnelStream carrier)
    {
        leg.Carrier = carrier;
        if (Id == 0)
        {
            Id = carrier.Id;
            _local?.Start(this);
        }

        leg.Table?.Add(carrier.Id, this);
    }

    /// <summary>The carrier resets its local end; why, it says by <see cref="OnCarrierEnded"/>, before or after.</summary>
    public void OnReset(StreamLeg leg, bool flush)
    {
        lock (Receiver.Sync)
        {
            leg.WasReset = flush;
            if (!leg.IsLast)
                return;
        }

        _local?.Reset(flush);
    }

    /// <summary>The carrier has ended. Where its tunnel was lost, the stream waits for another one.</summary>
    public void OnCarrierEnded(StreamLeg leg, in StreamEnd end)
    {
        if (HandOvers.TryTakeEnd(leg, end))
            return;
        if (!leg.IsOpen && end is { Side: StreamEndSide.Remote, Reason: ResetReason.NotOpened } && Legs.TryOpenAnew(leg))
            return;
        var isLost = end.Side == StreamEndSide.Tunnel && leg.Table is { Keeps: true, IsOver: false };
        bool isComplete;
        bool? reset = null;
        lock (Sender.Sync)
        {
            lock (Receiver.Sync)
            {
                if (leg != Leg)
                    return;

                // Both ends have all; a peer that knows so has forgotten the stream.
                isComplete = Receiver.HasEnded && (isLost ? Sender.IsEndTaken : !leg.IsOpen && HasBothEnds);
                if (isLost)
                    Legs.Lose();
                else if (!isComplete && !IsOver)
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
                _local?.Reset(flush);
            Finish(leg.IsOpen ? end : new StreamEnd(StreamEndSide.Tunnel, ResetReason.Unspecified));
        }
        else if (_wanted is { } reason)
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

    // Both ends have all, or never will.
    private void Complete()
    {
        Receiver.Close(leg: null);
        Sender.Forget(inOrder: true);
        Finish(default);
    }

    /// <summary>Ends the stream, whatever its legs do.</summary>
    public void End(in StreamEnd end)
    {
        lock (Receiver.Sync)
        {
            if (IsOver)
                return;
            Receiver.NoteReset();
        }

        _local?.Reset(StreamLife.ResetsBehindData(end));
        Finish(end);
    }

    private void Finish(in StreamEnd end)
    {
        bool isFirst;
        IStreamObserver? observer;
        lock (Sender.Sync)
        {
            lock (Receiver.Sync)
            {
                isFirst = _owner.TryEnd(end, out observer);
                if (!_owner.End.Completed)
                    Sender.Forget(inOrder: false);
            }
        }

        HandOvers.Drop();
        // A stream that ended in order is kept until the peer has its end, too.
        var table = Leg?.Table;
        if (IsSettled || table is not { Keeps: true } || !table.TryKeepEnded(this))
        {
            Sender.Forget(inOrder: true);
            Legs.Forget();
        }

        if (!isFirst)
            return;
        // The peer's side may have ended in order before, and then waits for an acknowledgement that would not come.
        table?.OnReceived(this);
        Tell(observer);
    }

    private void Tell(IStreamObserver? observer)
    {
        if (OwnerEnd.Tell(observer, this, _owner.End) is { } defect)
            Defects.Note("telling the owner of a stream of its end", defect);
    }
}
