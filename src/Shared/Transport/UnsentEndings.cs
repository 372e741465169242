namespace Tunnel.Shared.Transport;

/// <summary>
/// What a tunnel owes its peer: streams and sessions that are over here, whose last frame waits to be sent. A peer that does not read could
/// have them pile up without end, so at <see cref="IsFull"/> nothing is opened that would add to them: the hub reads no further than the
/// next opening, the edge opens nothing. If not one goes out for <see cref="PatienceMilliseconds"/> after that, the tunnel is ended.
/// <para/> Two honest peers never wait for each other: only openings are held back, only the edge makes them, and the edge reads on
/// whatever it owes. So the hub's endings always get through, the hub reads on, and then the edge's get through too. <para/> All members
/// are used with their owner's lock held.
/// </summary>
/// <param name="limit">So many may wait.</param>
/// <param name="what">What waits, for the log.</param>
internal sealed class UnsentEndings(int limit, string what = "endings of streams and sessions")
{
    /// <summary>
    /// After so long without progress a peer that does not read is given up; long enough for what a lossy link does to TCP.
    /// </summary>
    public const long PatienceMilliseconds = 15_000;

    /// <summary>At the hub, where to wait costs nobody anything while the edge reads: 10 KiB on the wire, about 1 MiB of memory.</summary>
    public const int HubLimit = 1_024;

    /// <summary>At the edge, where clients that come then are refused: as many as come and go in a second or two of a busy port.</summary>
    public const int EdgeLimit = 8_192;

    private TaskCompletionSource? _room;
    private long _blockedSince = -1;

    /// <summary>For one side of a tunnel.</summary>
    public static UnsentEndings For(bool isEdge) => new(isEdge ? EdgeLimit : HubLimit);

    /// <summary>How many wait.</summary>
    public int Count { get; private set; }

    /// <summary>Nothing is to be opened now.</summary>
    public bool IsFull => Count >= limit;

    /// <summary>What an owner says when <see cref="IsOverdue"/>.</summary>
    public TunnelEnd End => new(
        TunnelEndKind.ProtocolError,
        $"the peer does not read: {Count} {what} wait for it, and it took none for {PatienceMilliseconds / 1000} s");

    public void Add() => Count++;

    /// <summary>One was sent.</summary>
    public void OnSent(long now)
    {
        Count--;
        if (_blockedSince >= 0)
            _blockedSince = IsFull ? now : -1;
        if (Count <= limit / 2)
            Release();
    }

    /// <summary>Something is about to be opened.</summary>
    /// <returns>False when it has to wait, or is to be refused.</returns>
    public bool TryPass(long now)
    {
        if (!IsFull)
            return true;
        if (_blockedSince < 0)
            _blockedSince = now;
        return false;
    }

    /// <summary>The peer goes on opening, or its clients do, and it takes nothing.</summary>
    public bool IsOverdue(long now) => _blockedSince >= 0 && now - _blockedSince > PatienceMilliseconds;

    /// <summary>Completes when there is room again, or with <see cref="Release"/>.</summary>
    public Task WaitAsync() =>
        IsFull ? (_room ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task : Task.CompletedTask;

    /// <summary>The tunnel is over: nobody waits any longer.</summary>
    public void Release()
    {
        _room?.TrySetResult();
        _room = null;
    }
}
