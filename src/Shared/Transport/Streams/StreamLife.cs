using Tunnel.Shared.Protocol;
using Tunnel.Shared.Protocol.Frames;

namespace Tunnel.Shared.Transport.Streams;

/// <summary>
/// The life of a stream from its opening to its end, whatever carries its bytes. It decides when a RST or RESET is passed on, and behind
/// which data (protocol.md section 3): <list type="bullet">
/// <item>The local peer has reset: the tunnel gets RESET behind all that it sent before, since a reader finds the reset there; if the peer
/// has taken nothing for <see cref="BlockedMilliseconds"/>, RESET overtakes the blocked data. When all had been sent already, RESET follows
/// it at once.</item>
/// <item>This process resets, for a reason of its own: the tunnel gets RESET at once, whatever waits, and the local peer gets RST at
/// once.</item>
/// <item>The peer has reset, or the tunnel is lost: the local peer gets RST behind the data that came before, as long as it takes that data
/// (<see cref="LocalDelivery"/>); the peer gets nothing.</item>
/// <item>The stream was reset before it had a local end: that gets RST at once, since nothing has come for it.</item>
/// </list>
/// A stream that may move (Moving/MovableStream) stands above the streams of one tunnel after the other, and each of these has such a
/// life. Its local peer and its owner learn of them only what ends the whole: <list type="bullet">
/// <item>The stream of the present tunnel was reset by either side, or that tunnel is lost and its streams do not wait for another: the
/// local peer gets what is said above, behind what is said above.</item>
/// <item>The tunnel is lost and its streams wait: nobody gets anything. If no other takes the stream in time, the local peer gets RST
/// behind the data that came before. A reset by this process ends the wait with RST at once; one by the local peer is passed on after
/// the move.</item>
/// <item>The stream was handed over to another tunnel: nobody learns how the old tunnel's part ends, once that has brought all. If it is
/// lost before, the local peer gets RST behind the data that came, and the peer gets RESET.</item>
/// </list>
/// <see cref="ResetsBehindData"/> says for all of them whether the local peer gets its RST behind data or at once, and
/// <see cref="OwnerEnd"/> tells the owner.
/// </summary>
internal sealed class StreamLife : ISweepable
{
    /// <summary>How long a reset waits behind earlier data that the peer does not take.</summary>
    public const long BlockedMilliseconds = 5_000;

    private readonly Lock _sync;
    private readonly IStreamCarrier _carrier;
    private readonly LocalDelivery _delivery;
    private readonly TransportContext _context;
    private OwnerEnd _owner;
    private StreamState _state;
    private TrafficMeter? _traffic;
    private bool _isLocalReset;
    private bool _isSwept;
    private long _deadline;

    /// <summary>Starts a stream with both directions open and no local end.</summary>
    /// <param name="sync">The lock that guards the state, which the carrier may share with others. No call to an owner is made with it
    /// held.</param>
    /// <param name="carrier">The carrier of the bytes.</param>
    /// <param name="delivery">Delivers received bytes to the local end.</param>
    /// <param name="context">The clock.</param>
    public StreamLife(Lock sync, IStreamCarrier carrier, LocalDelivery delivery, TransportContext context)
    {
        _sync = sync;
        _carrier = carrier;
        _delivery = delivery;
        _context = context;
    }

    /// <summary>The state; it is only reliable with the lock held.</summary>
    public StreamState State => _state;

    /// <summary>The local end, once there is one. It is set before the endpoint is started.</summary>
    public ILocalEndpoint? Endpoint { get; private set; }

    /// <summary>Is told of the end; at once when the stream has ended before this is set.</summary>
    public IStreamObserver? Observer
    {
        get => _owner.Observer;
        set
        {
            bool isLate;
            lock (_sync)
                isLate = _owner.Watch(value);
            if (isLate)
                Tell(value);
        }
    }

    /// <summary>
    /// Whether the local peer of a stream that ends with a reset gets RST behind the data that came before, or at once. A reset from afar
    /// says nothing against that data. Reasons of this side do not wait for a slow peer, and a local peer that has reset takes
    /// nothing any more.
    /// </summary>
    public static bool ResetsBehindData(in StreamEnd end) => end.Side != StreamEndSide.Local;

    /// <inheritdoc cref="IStreamCarrier.CountIn"/>
    public void CountIn(TrafficMeter traffic)
    {
        bool wasReset;
        lock (_sync)
        {
            _traffic = traffic;
            wasReset = _owner is { HasEnded: true, End.Completed: false };
        }

        traffic.CountOpened();
        if (wasReset)
            traffic.CountReset();
    }

    // ---- the local end

    /// <summary>Sets the local end of a stream that the peer opened. The local end is reset when the stream was reset already.</summary>
    public void Attach(ILocalEndpoint endpoint)
    {
        lock (_sync)
        {
            if (_state.WasReset)
            {
                // The peer may have given up meanwhile.
                endpoint.Reset(flush: false);
                return;
            }

            Endpoint = endpoint;
        }

        endpoint.Start(_carrier);
        _delivery.Attach(endpoint, this);
        _carrier.BeginReading(endpoint);
    }

    /// <summary>Sets the local end of a stream that this side opens. The carrier starts to read by itself.</summary>
    public void AttachNew(ILocalEndpoint endpoint)
    {
        Endpoint = endpoint;
        endpoint.Start(_carrier);
        _delivery.Attach(endpoint, this);
    }

    /// <summary>The local peer has reset, but bytes that it sent before may still be unread.</summary>
    public void NotifyLocalReset()
    {
        bool isAllSent;
        bool isBlocked;
        lock (_sync)
        {
            if (_state.IsGone || _isLocalReset)
                return;
            _isLocalReset = true;
            isAllSent = _state.LocalClosed;
            isBlocked = !isAllSent && _carrier.IsBlocked;
            if (isBlocked)
                WaitUntil(_carrier.BlockedSince + BlockedMilliseconds);
        }

        if (isAllSent)
            OnLocalReset();
        else if (!isBlocked)
            _carrier.NotifyReadable();
    }

    // ---- events of the sending half

    /// <summary>Notes that the peer takes nothing any more, so that a reset behind the data waits for a limited time.</summary>
    public void OnBlocked()
    {
        lock (_sync)
        {
            if (_isLocalReset)
                WaitUntil(_carrier.BlockedSince + BlockedMilliseconds);
        }
    }

    /// <summary>The local peer has sent its last byte.</summary>
    /// <param name="completes">True when this completes the stream, so that <see cref="Complete"/> must follow the FIN.</param>
    /// <returns>True when FIN must be sent now.</returns>
    public bool TryEndLocal(out bool completes)
    {
        lock (_sync)
        {
            var ends = _state.TryCloseLocal();
            completes = ends && _state.Completed;
            return ends;
        }
    }

    /// <summary>The local peer has reset, and all that it sent before was read.</summary>
    public void OnLocalReset() => End(new StreamEnd(StreamEndSide.Local, ResetReason.ResetByPeer), behindData: true);

    // ---- events of the peer

    /// <summary>
    /// Notes that FIN has come; the caller then calls <see cref="LocalDelivery.OnRemoteClose"/>. Called with the lock held.
    /// </summary>
    /// <returns>False when FIN was not allowed to come.</returns>
    public bool TryCloseRemote() => _state.TryCloseRemote();

    /// <summary>The local peer was given everything and the FIN.</summary>
    public void OnDelivered()
    {
        bool completes;
        lock (_sync)
            completes = _state.TryDeliver() && _state.Completed;
        if (completes)
            Complete();
    }

    // ---- the end

    /// <summary>Ends the stream at once, for a reason of this process.</summary>
    public void Reset(ResetReason reason) => End(new StreamEnd(StreamEndSide.Local, reason), behindData: false);

    /// <summary>The peer has reset the stream.</summary>
    public void OnRemoteReset(ResetReason reason) => End(new StreamEnd(StreamEndSide.Remote, reason), behindData: false);

    /// <summary>The tunnel is lost.</summary>
    public void OnTunnelLost() => End(new StreamEnd(StreamEndSide.Tunnel, ResetReason.Unspecified), behindData: false);

    /// <summary>Ends the stream, because both directions have ended in order.</summary>
    public void Complete() => Finish(default);

    /// <summary>
    /// Lets a reset wait until <paramref name="deadline"/> at most, in milliseconds of the context's clock. Called with the lock held.
    /// </summary>
    public void WaitUntil(long deadline)
    {
        _deadline = deadline;

        // The stream is added once only: a peer that gives credit in crumbs makes this call come again and again.
        if (_isSwept)
            return;
        _isSwept = true;
        _context.Sweeper.Add(this);
    }

    bool ISweepable.Sweep()
    {
        bool wasReset;
        lock (_sync)
        {
            wasReset = _state.WasReset;
            var waits = wasReset ? _carrier.WaitsAfterReset : !_state.IsGone;
            _isSwept = waits && _context.NowMilliseconds < Math.Max(_deadline, _carrier.LastProgress + BlockedMilliseconds);
            if (_isSwept)
                return true;

            // The peer has taken something meanwhile, so the reset will be found behind the data.
            if (!waits || (!wasReset && !_carrier.IsBlocked))
                return false;
        }

        if (wasReset)
            _carrier.GiveUpWaiting();
        else
            Reset(ResetReason.ResetByPeer);
        return false;
    }

    private void End(in StreamEnd end, bool behindData)
    {
        lock (_sync)
        {
            if (!_state.TryReset())
                return;
            _carrier.PrepareReset(end, behindData);
        }

        _carrier.SendReset();
        if (ResetsBehindData(end))
        {
            _delivery.OnRemoteReset();
        }
        else
        {
            _carrier.Discard();
            Endpoint?.Reset(flush: false);
        }

        Finish(end);
    }

    private void Finish(in StreamEnd end)
    {
        IStreamObserver? observer;
        TrafficMeter? traffic;
        lock (_sync)
        {
            if (!_owner.TryEnd(end, out observer))
                return;
            traffic = _traffic;
        }

        if (!end.Completed)
            traffic?.CountReset();
        _carrier.OnFinished(end);
        if (end.Completed)
            Endpoint!.Close();
        Tell(observer);
    }

    private void Tell(IStreamObserver? observer)
    {
        if (OwnerEnd.Tell(observer, _carrier, _owner.End) is { } defect)
            _carrier.NoteDefect(defect);
    }
}
