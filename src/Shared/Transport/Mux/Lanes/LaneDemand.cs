namespace Tunnel.Shared.Transport.Mux.Lanes;

/// <summary>
/// How many lanes an edge's tunnel is to have: one more when streams move bulk on each that takes new ones, so that those who come next
/// need not wait behind them; and back to those that are kept when nothing has moved bulk for a while. Pure, not thread-safe.
/// </summary>
internal sealed class LaneDemand(LaneOptions options, long now)
{
    private readonly int _kept = Math.Min(options.Kept, options.Max);
    private long _lastBulk = now;

    /// <summary>Lanes wanted, the first included.</summary>
    public int Wanted { get; private set; } = Math.Min(options.Kept, options.Max);

    /// <summary>Looks at the lanes.</summary>
    /// <param name="nowMilliseconds">The present time on any monotonic clock.</param>
    /// <param name="open">Lanes that take new streams.</param>
    /// <param name="busy">Of these, how many have a stream that moves bulk.</param>
    public void Update(long nowMilliseconds, int open, int busy)
    {
        if (busy > 0)
            _lastBulk = nowMilliseconds;
        if (nowMilliseconds - _lastBulk >= options.QuietTime.TotalMilliseconds)
            Wanted = _kept;

        // Not while one that is wanted is still being dialled.
        else if (busy == open && open == Wanted && Wanted < options.Max)
            Wanted++;
    }
}
