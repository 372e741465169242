using Microsoft.Extensions.Logging;
using Tunnel.Shared.Guarding;
using Tunnel.Shared.Transport;

namespace Tunnel.Edge.Connecting;

/// <summary>
/// Holds the tunnels that were lost and whose streams may go on over another one (protocol.md section 8), and moves them there. One that
/// has lost its connection only goes on within the other tunnel first, and hands its streams over then. One that lives hands them over at
/// once, and is treated as the others if it is lost or falls silent meanwhile.
/// </summary>
internal sealed class LostTunnels(ITunnelObserver observer, TimeProvider time, ILogger logger)
{
    /// <summary>How long to wait before a tunnel that could not go on within another one tries again.</summary>
    internal static readonly TimeSpan LeadPause = TimeSpan.FromMilliseconds(500);

    private readonly Lock _lock = new();

    // Tunnels whose streams go over to a newer one.
    private readonly Dictionary<ITunnel, Way> _older = [];
    private readonly List<ITunnel> _tunnels = [];
    private volatile ITunnel? _next;

    /// <summary>How far a tunnel is whose streams go over to a newer one.</summary>
    private enum Way
    {
        /// <summary>The newer one is about to start.</summary>
        Awaited,

        /// <summary>It has a connection, its own or within the newer one.</summary>
        Connected,

        /// <summary>It is being brought to the newer one.</summary>
        Led,
    }

    /// <summary>The last one that has ended and whose streams wait; null when there is none.</summary>
    public ITunnel? Waiting
    {
        get
        {
            lock (_lock)
                return _tunnels.LastOrDefault();
        }
    }

    /// <summary>Notes a tunnel that has ended.</summary>
    /// <returns>True when it has streams that wait for another one.</returns>
    public bool Add(ITunnel tunnel)
    {
        if (tunnel.StreamsToMove is not (> 0 and var waiting))
            return false;
        lock (_lock)
        {
            if (_tunnels.Contains(tunnel))
                return true;
            _tunnels.Add(tunnel);
        }

        ConnectingLog.StreamsWait(logger, tunnel.RemoteEndPoint, waiting);
        ForgetAsync(tunnel, waiting).Guard("waiting for the streams of a lost tunnel");
        return true;
    }

    /// <summary>
    /// Notes that a newer tunnel is about to take the place of one that the hub's same process has: from now on the one before it waits for
    /// that when it is lost.
    /// </summary>
    public void Expect(ITunnel older)
    {
        lock (_lock)
            _older[older] = Way.Awaited;
        ForgetOlderAsync(older).Guard("forgetting an older tunnel");
    }

    /// <summary>Moves what waits to a tunnel that was started, and also what is open on the one before it.</summary>
    /// <param name="tunnel">The tunnel.</param>
    /// <param name="older">The one before it, if it was <see cref="Expect">expected</see> to be followed.</param>
    /// <returns>Completes when the one before it has a connection again, or gets none.</returns>
    public Task MoveTo(ITunnel tunnel, ITunnel? older)
    {
        ITunnel[] tunnels;
        _next = tunnel;
        lock (_lock)
        {
            tunnels = [.. _tunnels];
            if (older is not null && _older.ContainsKey(older))
                _older[older] = Way.Connected;
        }

        // Its path may have been cut just now. It carries nothing yet, and silence without traffic is noticed late.
        if (tunnels.Length > 0 || older is not null)
            tunnel.Suspect();
        foreach (var lost in tunnels)
            MoveAsync(lost, tunnel).Guard("moving streams to another tunnel");
        if (older is null || tunnels.Contains(older))
            return Task.CompletedTask;

        // The bytes under way come only where the path still works.
        if (older.IsLost || older.IsInDoubt)
        {
            var leading = LeadAsync(older);
            leading.Guard("moving streams to another tunnel");
            return leading;
        }

        HandOverAsync(older, tunnel).Guard("moving streams to another tunnel");
        return Task.CompletedTask;
    }

    /// <summary>Notes that a tunnel has lost its connection, or that its hub does not answer.</summary>
    /// <returns>True when what is open goes on over a newer one.</returns>
    public bool Bring(ITunnel tunnel)
    {
        lock (_lock)
        {
            if (!_older.TryGetValue(tunnel, out var way))
                return false;
            if (way == Way.Awaited)
                return true;
        }

        LeadAsync(tunnel).Guard("moving streams to another tunnel");
        return true;
    }

    // Brings a tunnel that has lost its connection, or is in doubt, to the newest one, and to the next one if that is lost meanwhile.
    private async Task LeadAsync(ITunnel older)
    {
        lock (_lock)
        {
            if (_older.GetValueOrDefault(older) == Way.Led)
                return;
            _older[older] = Way.Led;
        }

        var goesOn = false;
        try
        {
            ResumeOutcome outcome;
            while ((outcome = await LeadToAsync(older, _next!)) == ResumeOutcome.Failed && !older.Completion.IsCompleted)
                await Task.Delay(LeadPause, time);
            goesOn = !older.Completion.IsCompleted && outcome != ResumeOutcome.NotPossible;
        }
        finally
        {
            lock (_lock)
            {
                if (!goesOn)
                    _older.Remove(older);
                else if (_older.ContainsKey(older))
                    _older[older] = Way.Connected;
            }
        }

        // If it was lost again meanwhile, that was left to this call.
        if (goesOn && older.IsLost)
            await LeadAsync(older);
    }

    private async Task<ResumeOutcome> LeadToAsync(ITunnel older, ITunnel next)
    {
        var outcome = await older.ResumeWithinAsync(next, CancellationToken.None);
        switch (outcome)
        {
            case ResumeOutcome.Resumed:
                HandOverAsync(older, next).Guard("moving streams to another tunnel");
                break;
            case ResumeOutcome.NotPossible:
                await MoveAsync(older, next);
                // Nobody dials for it, so waiting would only keep its clients from trying again.
                if (older.IsLost)
                    await older.CloseAsync(new TunnelEnd(TunnelEndKind.ConnectionLost, "what is open can't go on over the next tunnel"));
                break;
            case ResumeOutcome.Refused:
                await older.CloseAsync(new TunnelEnd(TunnelEndKind.ConnectionLost, "the hub has not kept what was open"));
                break;
        }

        return outcome;
    }

    private async Task MoveAsync(ITunnel lost, ITunnel tunnel)
    {
        var moving = lost.MoveStreamsAsync(tunnel);

        // A tunnel that was only in doubt is given up by this.
        Add(lost);
        await moving;
    }

    private async Task HandOverAsync(ITunnel older, ITunnel tunnel)
    {
        var moved = await older.HandOverStreamsAsync(tunnel);
        if (moved > 0)
            ConnectingLog.StreamsMoved(logger, moved, older.Kind.Word(), tunnel.Kind.Word());
    }

    private async Task ForgetOlderAsync(ITunnel older)
    {
        await older.Completion;
        lock (_lock)
            _older.Remove(older);
    }

    private async Task ForgetAsync(ITunnel tunnel, int waiting)
    {
        observer.OnLost(tunnel.RemoteEndPoint, await tunnel.Completion, waiting);
        var moved = await tunnel.StreamsMoved;
        if (moved.Streams > 0)
        {
            // Only now the hub has answered for each of them. Some may have gone on over a tunnel before this one.
            var next = _next ?? tunnel;
            ConnectingLog.StreamsMoved(logger, moved.Streams, tunnel.Kind.Word(), next.Kind.Word());
            observer.OnResumed(next.RemoteEndPoint, moved);
        }

        await tunnel.StreamsSettled;
        lock (_lock)
            _tunnels.Remove(tunnel);
    }
}
