namespace Tunnel.Shared.Protocol.Flow;

/// <summary>
/// The receiver's side of flow control on one stream (protocol.md section 4). Credit is returned after bytes were written to the local
/// socket, so the sender's credit plus the bytes that wait here never exceed the target. The target starts small and doubles with each
/// window that was drained, up to a limit that the caller gives: a short stream costs little, and a long one fills a long path. It grows
/// only while most of it is on the path, and falls by the bytes that stayed in the queue all the while that a window was drained: bytes
/// that only wait for a slow reader make nothing faster, and each of them is copied once more.
/// </summary>
public struct ReceiveWindow
{
    private readonly int _initial;

    // Bytes drained in the present turn, which ends when a whole window was drained.
    private long _drained;
    private long _leastBuffered;
    private long _mostBuffered;

    /// <summary>Creates a window with the credit that was announced to the sender, in bytes.</summary>
    public ReceiveWindow(int initial)
    {
        _initial = initial;
        Outstanding = initial;
        Target = initial;
        _leastBuffered = long.MaxValue;
    }

    /// <summary>The credit that the sender holds: the bytes that may still come.</summary>
    public long Outstanding { get; private set; }

    /// <summary>The bytes that were received and not yet delivered.</summary>
    public long Buffered { get; private set; }

    /// <summary>The present size of the window, at which outstanding plus buffered bytes are kept.</summary>
    public int Target { get; private set; }

    /// <summary>How far the target is above its start, which is what the caller's budget has granted.</summary>
    public readonly int Grown => Target - _initial;

    /// <summary>Records that DATA has come.</summary>
    /// <returns>False when it exceeds the credit, which is a protocol error.</returns>
    public bool TryReceive(int bytes)
    {
        if (bytes > Outstanding)
            return false;
        Outstanding -= bytes;
        Buffered += bytes;
        return true;
    }

    /// <summary>Records that bytes were written to the local socket, or dropped for good.</summary>
    public void Deliver(int bytes)
    {
        Buffered -= bytes;
        _drained += bytes;
        _leastBuffered = Math.Min(_leastBuffered, Buffered);
        _mostBuffered = Math.Max(_mostBuffered, Buffered);
    }

    /// <summary>Says how the target should change after a window was drained.</summary>
    /// <param name="limit">The largest target that is allowed.</param>
    /// <returns>Above 0: the bytes to <see cref="Grow"/> by, returned again until that is done. Below 0: how many bytes the target is too
    /// large, returned once. 0: the target is right, or nothing is known yet.</returns>
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

    /// <summary>Raises the target by the bytes that the budget granted.</summary>
    public void Grow(int bytes)
    {
        Target += bytes;
        StartTurn();
    }

    /// <summary>
    /// Lowers the target to <paramref name="limit"/>, but not below the start. Credit that was given can't be taken back, but no more is
    /// given until it is used.
    /// </summary>
    /// <returns>How many bytes the target fell, which the caller gives back to the budget.</returns>
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
    /// Takes the credit to return now in bytes, or 0 for none. Credit is due when it reaches a quarter of what is outstanding, or when the
    /// sender is about to run dry, so that small streams cost few WINDOW_UPDATEs.
    /// </summary>
    /// <param name="ceiling">The most bytes that the sender may hold at present: the minimum when memory is short.</param>
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
