using Tunnel.Shared.Protocol;
using Tunnel.Shared.Protocol.Messages;
using Tunnel.Shared.Transport;

namespace Tunnel.Edge.Connecting;

/// <summary>A tunnel in use, and what its hub and the connection have said about it.</summary>
internal sealed class HubTunnel(ITunnel tunnel, TunnelKey key, long connectedAt)
{
    private readonly SemaphoreSlim _doubt = new(0);
    private readonly SemaphoreSlim _loss = new(0);
    private readonly TaskCompletionSource _settled = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<GoAway> _goAway = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private TimeSpan _pause;

    // This is 0 while nothing is noted.
    private long _goneSince;

    public ITunnel Tunnel => tunnel;

    /// <summary>What the ids of its connections have in common.</summary>
    public TunnelKey Key => key;

    /// <summary>Notes the timestamp at which the tunnel has lost its connection, or its hub has begun not to answer.</summary>
    public void NoteGone(long now) => Volatile.Write(ref _goneSince, now);

    /// <summary>Notes that the tunnel has a connection again.</summary>
    public void NoteBack() => Volatile.Write(ref _goneSince, 0);

    /// <summary>How long the tunnel has been without its connection, or its hub without an answer; null while neither is so.</summary>
    public TimeSpan? GoneFor(TimeProvider time)
    {
        if (!tunnel.IsLost && !tunnel.IsInDoubt)
            return null;
        // The tunnel knows of it a moment before it is noted here.
        return Volatile.Read(ref _goneSince) is not 0 and var since ? time.GetElapsedTime(since) : TimeSpan.Zero;
    }

    /// <summary>Completes when the hub does not answer on this tunnel.</summary>
    public async Task WaitForDoubtAsync(CancellationToken cancellationToken)
    {
        while (!tunnel.IsInDoubt)
            await _doubt.WaitAsync(cancellationToken);
    }

    /// <summary>Notes that the hub does not answer.</summary>
    public void OnDoubt()
    {
        // One release that nobody has taken yet is enough.
        if (_doubt.CurrentCount == 0)
            _doubt.Release();
    }

    /// <summary>Completes when the tunnel has lost its connection and waits for another one.</summary>
    public async Task WaitForLossAsync(CancellationToken cancellationToken)
    {
        while (!tunnel.IsLost)
            await _loss.WaitAsync(cancellationToken);
    }

    /// <summary>Notes that the tunnel has lost its connection.</summary>
    /// <param name="pause">How long the first dial is to wait.</param>
    public void OnLost(TimeSpan pause)
    {
        _pause = pause;
        if (_loss.CurrentCount == 0)
            _loss.Release();
    }

    /// <summary>Returns how long to wait before the next dial: not at all, except for the first after a loss.</summary>
    public TimeSpan TakePause()
    {
        var pause = _pause;
        _pause = TimeSpan.Zero;
        return pause;
    }

    /// <summary>The timestamp at which the tunnel started.</summary>
    public long ConnectedAt => connectedAt;

    /// <summary>Completes with the hub's GOAWAY, if one comes.</summary>
    public Task<GoAway> GoAway => _goAway.Task;

    /// <summary>While true, nothing is bound for this tunnel and no observer is told of it, until the hub says that it counts.</summary>
    public bool IsHeld { get; set; }

    /// <summary>Completes when the hub has sent a configuration that makes this tunnel count.</summary>
    public Task Settled => _settled.Task;

    public void Settle() => _settled.TrySetResult();

    public void OnGoAway(GoAway goAway) => _goAway.TrySetResult(goAway);
}
