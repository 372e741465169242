namespace Tunnel.Shared.Transport;

/// <summary>
/// Counts the streams and sessions that have ended here and whose last frame still waits to be sent. A peer that does not read could let
/// them pile up without limit, so while <see cref="IsFull"/> holds nothing is opened that would add to them: the hub reads no further than
/// the next opening, the edge opens nothing. If none is sent for <see cref="PatienceMilliseconds"/> after that, the tunnel is ended.
/// <para/> Two honest peers never wait for each other: only openings are held back, only the edge makes them, and the edge keeps reading
/// however many endings it has to send. So the hub's endings always get through, the hub reads on, and then the edge's get through too.
/// <para/> All members are used with their owner's lock held.
/// </summary>
/// <param name="limit">The most endings that may wait.</param>
/// <param name="what">The name of what waits, for the log.</param>
internal sealed class UnsentEndings(int limit, string what = "endings of streams and sessions")
{
    /// <summary>
    /// After this long without progress, a peer that does not read is given up. It is long enough for the delays of TCP on a lossy link.
    /// </summary>
    public const long PatienceMilliseconds = 15_000;

    /// <summary>
    /// The limit at the hub, where waiting costs nothing while the edge reads: 10 KiB on the wire, about 1 MiB of memory.
    /// </summary>
    public const int HubLimit = 1_024;

    /// <summary>
    /// The limit at the edge, which refuses new clients once it is reached: as many as come and go at a busy port in a second or two.
    /// </summary>
    public const int EdgeLimit = 8_192;

    private TaskCompletionSource? _room;
    private long _blockedSince = -1;

    /// <summary>Creates the counter for one side of a tunnel.</summary>
    public static UnsentEndings For(bool isEdge) => new(isEdge ? EdgeLimit : HubLimit);

    /// <summary>The number of endings that wait.</summary>
    public int Count { get; private set; }

    /// <summary>True when nothing may be opened now.</summary>
    public bool IsFull => Count >= limit;

    /// <summary>The reason for which the owner ends the tunnel when <see cref="IsOverdue"/> is true.</summary>
    public TunnelEnd End => new(
        TunnelEndKind.ProtocolError,
        $"the peer does not read: {Count} {what} wait for it, and it took none for {PatienceMilliseconds / 1000} s");

    public void Add() => Count++;

    /// <summary>Notes that one ending was sent.</summary>
    public void OnSent(long now)
    {
        Count--;
        if (_blockedSince >= 0)
            _blockedSince = IsFull ? now : -1;
        if (Count <= limit / 2)
            Release();
    }

    /// <summary>Asks whether something may be opened now.</summary>
    /// <returns>False when it has to wait or must be refused.</returns>
    public bool TryPass(long now)
    {
        if (!IsFull)
            return true;
        if (_blockedSince < 0)
            _blockedSince = now;
        return false;
    }

    /// <summary>
    /// True when openings have been held back for longer than <see cref="PatienceMilliseconds"/> and the peer has taken no ending
    /// meanwhile.
    /// </summary>
    public bool IsOverdue(long now) => _blockedSince >= 0 && now - _blockedSince > PatienceMilliseconds;

    /// <summary>Lets the wait begin anew, because the peer could take nothing until now.</summary>
    public void Restart(long now)
    {
        if (_blockedSince >= 0)
            _blockedSince = now;
    }

    /// <summary>Completes when there is room again, or with <see cref="Release"/>.</summary>
    public Task WaitAsync() =>
        IsFull ? (_room ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task : Task.CompletedTask;

    /// <summary>Completes all waits, because the tunnel has ended or there is room.</summary>
    public void Release()
    {
        _room?.TrySetResult();
        _room = null;
    }
}
