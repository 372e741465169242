using Tunnel.Shared.Protocol.Scheduling;
using Tunnel.Shared.Transport.Buffers;
using Tunnel.Shared.Transport.Handshake;
using Tunnel.Shared.Transport.Streams;

namespace Tunnel.Shared.Transport.Mux.Core;

/// <summary>
/// The state that all flows through one end of a mux share: lock, scheduler, ids, terms, counters, quotas, unsent endings, and whether the
/// mux has ended. It knows no tunnel and no socket: its owner is an <see cref="IMuxEvents"/>, and an <see cref="IMuxCarrier"/> carries its
/// bytes; streams, sessions and frames build on it.
/// <para/> <see cref="Sync"/> guards tables, scheduler and the states of streams and sessions. What may be taken and called while it is
/// held is said in docs/architecture.md, "The order of locks". Members here must be called with it held unless they say otherwise.
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
    private long _received;
    private bool _isMute;

    public MuxCore(bool isEdge, TransportContext context, IMuxEvents events, IMuxCarrier carrier, StreamIds? ids, KeptShare? share)
    {
        _carrier = carrier;
        IsEdge = isEdge;
        Context = context;
        Events = events;
        Ids = ids ?? new StreamIds();
        Terms = new TunnelTerms(context.Options.InitialWindow, TunnelProtocol.FeaturesOf(context), context.ResumeGrace);
        Liveness = new Liveness(context.NowMilliseconds);
        Traffic = new TrafficMeter(context);
        Datagrams = new DatagramQuota(context.Flow.Datagrams);
        Endings = UnsentEndings.For(isEdge);
        Departure = new Departure(context);
        Kept = new KeptBytes(Sync, context.Flow, share ?? context.Flow.Kept.Open(peer: null));
        Link = new LinkFrames(this);
    }

    public Lock Sync { get; } = new();

    public bool IsEdge { get; }

    public TransportContext Context { get; }

    public IMuxEvents Events { get; }

    /// <summary>Edge: the source of ids for its streams and sessions.</summary>
    public StreamIds Ids { get; }

    public TunnelTerms Terms { get; }

    public TierScheduler Scheduler { get; } = new();

    /// <summary>A frame that does not fit into a batch.</summary>
    public LargeFrame Large { get; } = new();

    /// <summary>The frames that concern the present connection.</summary>
    public LinkFrames Link { get; }

    /// <summary>The bytes that were sent and are not acknowledged.</summary>
    public KeptBytes Kept { get; }

    /// <summary>The offset up to which received bytes were processed. Only the reader changes it. Readable without the lock.</summary>
    public long Received => Volatile.Read(ref _received);

    /// <summary>
    /// True while there is no connection: the mux keeps its streams and sessions, and waits for another one. Readable without the lock.
    /// </summary>
    public bool IsDetached => Lost is not null;

    /// <summary>Why the connection was lost; null while there is one.</summary>
    public TunnelEnd? Lost { get; private set; }

    /// <summary>When the connection was lost, in milliseconds of the context's clock.</summary>
    public long LostAt { get; private set; }

    /// <summary>True when nothing more may be processed of what the present connection brings. Readable without the lock.</summary>
    public bool StopsReading { get; set; }

    /// <summary>True when the peer has said that it keeps nothing, so that the mux ends with its connection.</summary>
    public bool IsPeerFinal { get; set; }

    public Liveness Liveness { get; }

    /// <summary>Counts what the tunnel carries. Thread-safe.</summary>
    public TrafficMeter Traffic { get; }

    public DatagramQuota Datagrams { get; }

    /// <summary>Endings of streams and sessions that wait to be sent.</summary>
    public UnsentEndings Endings { get; }

    public Departure Departure { get; }

    /// <summary>Streams that have not ended for their owners.</summary>
    public UnfinishedStreams Unfinished { get; } = new();

    /// <summary>The last measured round trip; null before the first. Readable without the lock.</summary>
    public TimeSpan? RoundTripTime => Volatile.Read(ref _roundTripTicks) is > 0 and var ticks ? TimeSpan.FromTicks(ticks) : null;

    /// <summary>Grows with everything that comes from the peer. Readable without the lock.</summary>
    public long Heard => Volatile.Read(ref _heard);

    /// <summary>True when the mux has ended, though not everything may be closed yet. Readable without the lock.</summary>
    public bool IsDead => _end is not null;

    /// <summary>True when this side is ending it in order. Readable without the lock.</summary>
    public bool IsEnding => _wanted is not null;

    /// <summary>Why it has ended; null while it has not.</summary>
    public TunnelEnd? End => _end;

    /// <summary>True when streams and sessions can be opened, apart from the limit of unsent endings. Readable without the lock.</summary>
    public bool TakesNew => !IsDead && !IsDetached && !IsEnding && !Departure.IsPeerLeaving && !Departure.IsAnnounced;

    /// <summary>Edge: true when a stream or session can be opened now.</summary>
    public bool MayOpen => TakesNew && Endings.TryPass(Context.NowMilliseconds);

    /// <summary>Hub: true when an OPEN that comes now is served.</summary>
    public bool ServesOpens => !IsEnding && Departure.ServesOpens;

    /// <summary>True when something waits to be sent, and may be.</summary>
    public bool HasWork => !IsSilent
        && (Large.IsPending || Link.HasWork || Kept.HasAgain || Scheduler.HasControl || (Scheduler.HasData && !Kept.IsFull));

    /// <summary>True when nothing may be sent. Readable without the lock.</summary>
    public bool IsSilent => IsDead || IsDetached || _isMute;

    // ---- sending

    /// <summary>
    /// Makes sure that waiting frames are sent. It may send on the calling thread, so it must be called without any lock.
    /// </summary>
    public void Wake()
    {
        lock (Sync)
        {
            if (_sending || !HasWork)
                return;
            _sending = true;
        }

        _carrier.Send();
    }

    /// <summary>Notes that nothing is being sent any more.</summary>
    public void EndSending()
    {
        _sending = false;
        _idle?.TrySetResult();
        _idle = null;
    }

    /// <summary>Completes when nothing is being sent. Called without the lock.</summary>
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

    /// <summary>Awaited, continues after others have had their turn. Called without the lock.</summary>
    public TurnAwaitable Yield() => new(_carrier);

    // ---- the connection, which may be replaced

    /// <summary>Notes that the terms are agreed, so that what is sent from now on can be kept.</summary>
    public void OnTermsAgreed()
    {
        if ((Terms.Features & TunnelFeatures.Resume) != 0)
            Kept.Begin();
    }

    /// <summary>Notes that the connection is lost. Whoever sends or reads stops soon.</summary>
    /// <returns>False when that was noted before, or the mux has ended.</returns>
    public bool TryDetach(TunnelEnd cause)
    {
        if (IsDead || IsDetached)
            return false;
        (Lost, LostAt, StopsReading) = (cause, Context.NowMilliseconds, true);
        Endings.Release();
        return true;
    }

    /// <summary>
    /// Goes on over another connection, whose peer has processed everything before an offset, after it was detached. Nothing is sent before
    /// <see cref="Speak"/>.
    /// </summary>
    public void Attach(long peerReceived)
    {
        Kept.SendAgainFrom(peerReceived);
        Link.OnAttached(Received);
        Liveness.OnReceived(Context.NowMilliseconds);
        Endings.Restart(Context.NowMilliseconds);
        (Lost, StopsReading, _isMute) = (null, false, true);
    }

    /// <summary>Sends nothing, although there is a connection, until <see cref="Speak"/>.</summary>
    public void BeMute() => _isMute = true;

    public void Speak() => _isMute = false;

    /// <summary>Notes that received bytes were processed. Only the reader calls this, without the lock.</summary>
    public void NoteReceived(long bytes) => Volatile.Write(ref _received, _received + bytes);

    // ---- the end, which comes once

    /// <summary>Begins an orderly end for this reason, unless there was one before.</summary>
    /// <returns>False when the end has begun or come already.</returns>
    public bool TryWant(TunnelEnd end)
    {
        var isFirst = !IsEnding && !IsDead;
        _wanted ??= end;
        return isFirst;
    }

    /// <summary>Ends the mux. The first reason counts. Called without the lock.</summary>
    /// <param name="end">The reason.</param>
    /// <param name="whileSending">True to end it even in the middle of a batch.</param>
    /// <returns>False when it had ended already, or when something is being sent and <paramref name="whileSending"/> is false.</returns>
    public bool TryEnd(TunnelEnd end, bool whileSending)
    {
        lock (Sync)
        {
            if (IsDead || (!whileSending && _sending))
                return false;
            _end = _wanted ?? end;
            Endings.Release();
            Kept.End();
            Link.Dispose();
            return true;
        }
    }

    // ---- notes

    /// <summary>Notes that a stream or session has ended but still has a frame to send, and counts it as an unsent ending.</summary>
    public void NoteOver(MuxNode node)
    {
        if (IsDead || node.IsOwed)
            return;
        node.IsOwed = true;
        Endings.Add();
    }

    /// <summary>Notes that a node has nothing left to send: its last control frame is in a batch, or is no longer wanted.</summary>
    public void NoteControlSent(MuxNode node, long now)
    {
        if (!node.IsOwed)
            return;
        node.IsOwed = false;
        Endings.OnSent(now);
    }

    /// <summary>Completes when the peer has taken enough of the unsent endings. Called without the lock.</summary>
    public Task WaitForEndingsAsync()
    {
        lock (Sync)
            return IsDead ? Task.CompletedTask : Endings.WaitAsync();
    }

    /// <summary>Notes a measured round trip. Called without the lock.</summary>
    public void NoteRoundTrip(TimeSpan roundTrip) => Volatile.Write(ref _roundTripTicks, Math.Max(1, roundTrip.Ticks));

    /// <summary>Notes that something came. Only the reader calls this, without the lock.</summary>
    public void NoteHeard()
    {
        Liveness.OnReceived(Context.NowMilliseconds);
        Volatile.Write(ref _heard, _heard + 1);
    }
}
