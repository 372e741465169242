namespace Tunnel.Shared.Protocol.Flow;

/// <summary>
/// The receiver's side of flow control on one stream (protocol.md section 4). Credit is returned after bytes were written to the local
/// socket, so what the sender holds plus what waits here never grows above the target. The target starts small and doubles with each window
/// that was drained, up to a limit that the caller gives: a short stream costs little, a long one fills a long path. It grows only while
/// the path holds most of it, and falls by what never left the queue while a window was drained: bytes that only wait for a slow reader
/// make nothing faster, and each of them is copied once more.
/// </summary>
public struct ReceiveWindow
{
    private readonly int _initial;

    // Since the present turn began, which ends when a window was drained.
    private long _drained;
    private long _leastBuffered;
    private long _mostBuffered;

    /// <summary>Starts with the credit that was announced to the sender.</summary>
    public ReceiveWindow(int initial)
    {
        _initial = initial;
        Outstanding = initial;
        Target = initial;
        _leastBuffered = long.MaxValue;
    }

    /// <summary>Credit that the sender holds: bytes that may still come.</summary>
    public long Outstanding { get; private set; }

    /// <summary>Bytes received and not yet delivered.</summary>
    public long Buffered { get; private set; }

    /// <summary>The present window: outstanding plus buffered are kept at this.</summary>
    public int Target { get; private set; }

    /// <summary>What the target is above its start; the caller's budget has granted it.</summary>
    public readonly int Grown => Target - _initial;

    /// <summary>DATA has come.</summary>
    /// <returns>False when it is beyond the credit: a protocol error.</returns>
    public bool TryReceive(int bytes)
    {
        if (bytes > Outstanding)
            return false;
        Outstanding -= bytes;
        Buffered += bytes;
        return true;
    }

    /// <summary>Bytes were written to the local socket, or dropped for good.</summary>
    public void Deliver(int bytes)
    {
        Buffered -= bytes;
        _drained += bytes;
        _leastBuffered = Math.Min(_leastBuffered, Buffered);
        _mostBuffered = Math.Max(_mostBuffered, Buffered);
    }

    /// <summary>What a window that was drained has shown, once for each.</summary>
    /// <param name="limit">The most that the target may be.</param>
    /// <returns>Above 0: <see cref="Grow"/> by this, due until that is done. Below 0: so much too large. Else it is right, or nothing is
    /// known yet.</returns>
    public int TakeChange(int limit)
    {
        if (_drained < Target)
            return 0;
        var standing = (int)Math.Min(_leastBuffered, Target - _initial);
        if (standing == 0 && _mostBuffered <= Target / 2 && Target < limit)
            return Math.Min(Target, limit - Target);
        StartTurn();
        return -standing;
    }

    /// <summary>Raises the target by what the budget granted.</summary>
    public void Grow(int bytes)
    {
        Target += bytes;
        StartTurn();
    }

    /// <summary>
    /// Lowers the target to <paramref name="limit"/> (not below the start); credit already given can't be taken back, but no more follows
    /// until it is used.
    /// </summary>
    /// <returns>How many bytes the target fell, to be given back to the budget.</returns>
    public int Shrink(int limit)
    {
        var fall = Math.Max(0, Target - Math.Max(limit, _initial));
        if (fall == 0)
            return 0;
        Target -= fall;
        StartTurn();
        return fall;
    }

    /// <summary>
    /// Credit to return now, 0 for none. Due when it reaches a quarter of what is outstanding, or when the sender is about to run dry; so
    /// small streams cost few WINDOW_UPDATEs.
    /// </summary>
    /// <param name="ceiling">Most bytes that the sender may hold at present: the minimum when memory is short.</param>
    /// <param name="maxFrame">A sender that holds less than this (or half its window) is about to run dry.</param>
    public int TakeCredit(int ceiling, int maxFrame)
    {
        var credit = Math.Min(Target - Outstanding - Buffered, ceiling - Outstanding);
        if (credit <= 0)
            return 0;
        if (credit * 4 < Outstanding && Outstanding >= Math.Min(maxFrame, Target / 2))
            return 0;
        Outstanding += credit;
        return (int)credit;
    }

    private void StartTurn()
    {
        _drained = 0;
        _leastBuffered = long.MaxValue;
        _mostBuffered = 0;
    }
}
