using Tunnel.Shared.Protocol.Scheduling;
using Tunnel.Shared.Transport.Handshake;
using Tunnel.Shared.Transport.Streams;

namespace Tunnel.Shared.Transport.Mux.Core;

/// <summary>
/// What all that flows through one end of a mux shares: lock, scheduler, numbers, terms, counters, quotas, what is owed to the peer, and
/// whether it goes on. It knows no tunnel and no socket: who owns it is an <see cref="IMuxEvents"/>, what carries its bytes an
/// <see cref="IMuxCarrier"/>; streams, sessions and frames stand on it. <para/> The order of locks, for all that is over TLS. Who holds one
/// of these takes only those to the right of it: <see cref="Lanes.LaneKeeper"/>, <see cref="Lanes.LanedTunnel"/> → <see cref="Sync"/> → a
/// stream's receiving half → a local endpoint → the memory of the process (<see cref="FlowController"/>, segments), <see cref="Sweeper"/>,
/// <see cref="Pacer"/>. <para/> <see cref="Sync"/> guards tables, scheduler and the states of streams and sessions. It is held for moments:
/// never over I/O of the carrier, and never over a call to an owner (<see cref="IMuxEvents"/>, observers, sinks). Members here want it held
/// unless they say otherwise.
/// </summary>
internal sealed class MuxCore
{
    private readonly IMuxCarrier _carrier;
    private TaskCompletionSource? _idle;
    private bool _sending;
    private TunnelEnd? _wanted;
    private TunnelEnd? _end;
    private long _heard;
    private long _roundTripTicks;

    public MuxCore(bool isEdge, TransportContext context, IMuxEvents events, IMuxCarrier carrier, StreamIds? ids)
    {
        _carrier = carrier;
        IsEdge = isEdge;
        Context = context;
        Events = events;
        Ids = ids ?? new StreamIds();
        Terms = new TunnelTerms(context.Options.InitialWindow, TunnelProtocol.FeaturesOf(context));
        Liveness = new Liveness(context.NowMilliseconds);
        Traffic = new TrafficMeter(context);
        Datagrams = new DatagramQuota(context.Flow.Datagrams);
        Endings = UnsentEndings.For(isEdge);
        Departure = new Departure(context);
    }

    public Lock Sync { get; } = new();

    public bool IsEdge { get; }

    public TransportContext Context { get; }

    public IMuxEvents Events { get; }

    /// <summary>Edge: where its streams and sessions get their numbers.</summary>
    public StreamIds Ids { get; }

    public TunnelTerms Terms { get; }

    public TierScheduler Scheduler { get; } = new();

    /// <summary>A frame that does not fit into a batch.</summary>
    public LargeFrame Large { get; } = new();

    public Liveness Liveness { get; }

    /// <summary>Thread-safe.</summary>
    public TrafficMeter Traffic { get; }

    public DatagramQuota Datagrams { get; }

    /// <summary>What the peer is owed.</summary>
    public UnsentEndings Endings { get; }

    public Departure Departure { get; }

    /// <summary>Streams that are not over for their owners.</summary>
    public UnfinishedStreams Unfinished { get; } = new();

    /// <summary>The last measured round trip; without the lock.</summary>
    public TimeSpan? RoundTripTime => Volatile.Read(ref _roundTripTicks) is > 0 and var ticks ? TimeSpan.FromTicks(ticks) : null;

    /// <summary>Grows with whatever comes from the peer; without the lock.</summary>
    public long Heard => Volatile.Read(ref _heard);

    /// <summary>It is over, though not all may be closed yet; without the lock.</summary>
    public bool IsDead => _end is not null;

    /// <summary>We are about to end it in order; without the lock.</summary>
    public bool IsEnding => _wanted is not null;

    /// <summary>Why it is over.</summary>
    public TunnelEnd? End => _end;

    /// <summary>Streams and sessions can be opened, but for what the peer is owed; without the lock.</summary>
    public bool TakesNew => !IsDead && !IsEnding && !Departure.IsPeerLeaving && !Departure.IsAnnounced;

    /// <summary>Edge: something can be opened now.</summary>
    public bool MayOpen => TakesNew && Endings.TryPass(Context.NowMilliseconds);

    /// <summary>Hub: an OPEN that comes now is served.</summary>
    public bool ServesOpens => !IsEnding && Departure.ServesOpens;

    /// <summary>Something waits to be sent.</summary>
    public bool HasWork => Large.IsPending || Scheduler.HasWork;

    // ---- sending

    /// <summary>Sees to it that what waits is sent. May send on the calling thread, so without the lock or any other.</summary>
    public void Wake()
    {
        lock (Sync)
        {
            if (_sending || IsDead || !HasWork)
                return;
            _sending = true;
        }

        _carrier.Send();
    }

    /// <summary>Nothing is being sent any more.</summary>
    public void EndSending()
    {
        _sending = false;
        _idle?.TrySetResult();
        _idle = null;
    }

    /// <summary>Completes when nothing is being sent. Without the lock.</summary>
    public Task WaitIdleAsync()
    {
        lock (Sync)
        {
            if (!_sending)
                return Task.CompletedTask;
            _idle ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return _idle.Task;
        }
    }

    /// <summary>Goes on after others have had their turn. Without the lock.</summary>
    public TurnAwaitable Yield() => new(_carrier);

    // ---- the end, which comes once

    /// <summary>It is to end in order, for this reason unless there was one before.</summary>
    /// <returns>False when that was known, or it is over.</returns>
    public bool TryWant(TunnelEnd end)
    {
        var isFirst = !IsEnding && !IsDead;
        _wanted ??= end;
        return isFirst;
    }

    /// <summary>It is over. The first reason counts. Without the lock.</summary>
    /// <param name="end">Why.</param>
    /// <param name="whileSending">Also in the midst of a batch.</param>
    /// <returns>False when it was over already, or something is being sent.</returns>
    public bool TryEnd(TunnelEnd end, bool whileSending)
    {
        lock (Sync)
        {
            if (IsDead || (!whileSending && _sending))
                return false;
            _end = _wanted ?? end;
            Endings.Release();
            return true;
        }
    }

    // ---- notes

    /// <summary>A stream or session is over and has something left to say: that is owed to the peer.</summary>
    public void NoteOver(MuxNode node)
    {
        if (IsDead || node.IsOwed)
            return;
        node.IsOwed = true;
        Endings.Add();
    }

    /// <summary>A node has nothing left to say: the last of its control frames is in a batch, or not wanted any more.</summary>
    public void NoteControlSent(MuxNode node, long now)
    {
        if (!node.IsOwed)
            return;
        node.IsOwed = false;
        Endings.OnSent(now);
    }

    /// <summary>Completes when the peer has taken enough of what it is owed. Without the lock.</summary>
    public Task WaitForEndingsAsync()
    {
        lock (Sync)
            return IsDead ? Task.CompletedTask : Endings.WaitAsync();
    }

    /// <summary>Without the lock.</summary>
    public void NoteRoundTrip(TimeSpan roundTrip) => Volatile.Write(ref _roundTripTicks, Math.Max(1, roundTrip.Ticks));

    /// <summary>Something came; by who reads, without the lock.</summary>
    public void NoteHeard()
    {
        Liveness.OnReceived(Context.NowMilliseconds);
        Volatile.Write(ref _heard, _heard + 1);
    }
}
