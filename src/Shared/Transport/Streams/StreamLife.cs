using Tunnel.Shared.Protocol;
using Tunnel.Shared.Protocol.Frames;

namespace Tunnel.Shared.Transport.Streams;

/// <summary>
/// The life of a stream from its local end to its last word, whatever carries its bytes. When a RST or RESET is passed on, and behind what
/// (protocol.md section 3): <list type="bullet">
/// <item>The local peer has reset: the tunnel gets RESET behind all that it sent before, since a reader finds the reset there; if the peer
/// has taken nothing for <see cref="BlockedMilliseconds"/>, RESET overtakes what is blocked. All had been sent: at once, behind it.</item>
/// <item>This process resets, for a reason of its own: RESET at once, whatever waits; and the local peer RST at once.</item>
/// <item>The peer has reset, or the tunnel is lost: the local peer gets RST behind what came before, as long as it takes that
/// (<see cref="LocalDelivery"/>); the peer gets nothing.</item>
/// </list>
/// </summary>
internal sealed class StreamLife : ISweepable
{
    /// <summary>So long a reset waits for data that came before it and that the peer does not take.</summary>
    public const long BlockedMilliseconds = 5_000;

    private readonly Lock _sync;
    private readonly IStreamCarrier _carrier;
    private readonly LocalDelivery _delivery;
    private readonly TransportContext _context;
    private IStreamObserver? _observer;
    private StreamState _state;
    private StreamEnd _end;
    private bool _isLocalReset;
    private bool _isFinished;
    private bool _isSwept;
    private long _deadline;

    /// <summary>Begins it, with both directions open and no local end.</summary>
    /// <param name="sync">The lock that guards the state, which the carrier may share with others. No call to an owner is made with it
    /// held.</param>
    /// <param name="carrier">What carries the bytes.</param>
    /// <param name="delivery">What has come on its way to the local end.</param>
    /// <param name="context">The clock.</param>
    public StreamLife(Lock sync, IStreamCarrier carrier, LocalDelivery delivery, TransportContext context)
    {
        _sync = sync;
        _carrier = carrier;
        _delivery = delivery;
        _context = context;
    }

    /// <summary>What may still happen; for decisions with the lock held.</summary>
    public StreamState State => _state;

    /// <summary>The local end, once there is one: known before anything comes of it.</summary>
    public ILocalEndpoint? Endpoint { get; private set; }

    /// <summary>Told of the end, at once when that was before it was set.</summary>
    public IStreamObserver? Observer
    {
        get => _observer;
        set
        {
            lock (_sync)
            {
                _observer = value;
                if (!_isFinished)
                    return;
            }

            // The tunnel was lost before the owner could say who wants to know.
            Tell(value);
        }
    }

    // ---- the local end

    /// <summary>Gives a stream of the peer's its local end, which is reset when the stream is so already.</summary>
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

    /// <summary>Gives a stream of ours its local end, from the start; who carries it begins to read by itself.</summary>
    public void AttachNew(ILocalEndpoint endpoint)
    {
        Endpoint = endpoint;
        endpoint.Start(_carrier);
        _delivery.Attach(endpoint, this);
    }

    /// <summary>The local peer has reset, but what it sent before may still be there to read.</summary>
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

    // ---- what the sending half has found

    /// <summary>The peer takes nothing any more: a reset that waits behind the data does not wait for ever.</summary>
    public void OnBlocked()
    {
        lock (_sync)
        {
            if (_isLocalReset)
                WaitUntil(_carrier.BlockedSince + BlockedMilliseconds);
        }
    }

    /// <summary>The local peer has sent its last byte.</summary>
    /// <param name="completes">The stream is complete by it, so that <see cref="Complete"/> has to follow the FIN.</param>
    /// <returns>True when FIN is to be sent now.</returns>
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

    // ---- what comes from the peer

    /// <summary>FIN has come; <see cref="LocalDelivery.OnRemoteClose"/> follows. With the lock held.</summary>
    /// <returns>False when it must not come.</returns>
    public bool TryCloseRemote() => _state.TryCloseRemote();

    /// <summary>The local peer has everything and its FIN.</summary>
    public void OnDelivered()
    {
        bool completes;
        lock (_sync)
            completes = _state.TryDeliver() && _state.Completed;
        if (completes)
            Complete();
    }

    // ---- the end

    /// <summary>Ends it at once, for a reason of ours.</summary>
    public void Reset(ResetReason reason) => End(new StreamEnd(StreamEndSide.Local, reason), behindData: false);

    /// <summary>The peer has reset it.</summary>
    public void OnRemoteReset(ResetReason reason) => End(new StreamEnd(StreamEndSide.Remote, reason), behindData: false);

    /// <summary>The tunnel is lost.</summary>
    public void OnTunnelLost() => End(new StreamEnd(StreamEndSide.Tunnel, ResetReason.Unspecified), behindData: false);

    /// <summary>Both directions have ended in order.</summary>
    public void Complete() => Finish(default);

    /// <summary>A reset waits for something, until this time in milliseconds of the context's clock at most. With the lock held.</summary>
    public void WaitUntil(long deadline)
    {
        _deadline = deadline;

        // Once: a peer that gives credit in crumbs makes this come again and again.
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

            // The peer has taken something meanwhile: the reset is found behind the data.
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
        if (end.Side == StreamEndSide.Local)
        {
            // Our own reasons do not wait for a slow peer; and a peer that has reset takes nothing any more.
            _carrier.Discard();
            Endpoint?.Reset(flush: false);
        }
        else
        {
            _delivery.OnRemoteReset();
        }

        Finish(end);
    }

    private void Finish(in StreamEnd end)
    {
        IStreamObserver? observer;
        lock (_sync)
        {
            if (_isFinished)
                return;
            _isFinished = true;
            _end = end;
            observer = _observer;
        }

        _carrier.OnFinished(end);
        if (end.Completed)
            Endpoint!.Close();
        Tell(observer);
    }

    // An owner's mistake must not keep other streams from being ended, nor bring down the sweeper's timer.
    private void Tell(IStreamObserver? observer)
    {
        try
        {
            observer?.OnStreamClosed(_carrier, _end);
        }
        catch (Exception e)
        {
            _carrier.NoteDefect(e);
        }
    }
}
