namespace Tunnel.Shared.Transport.Mux.Lanes;

/// <summary>
/// Decides how many lanes an edge's tunnel should have: one more when streams move bulk on each lane that takes new streams, so that new
/// streams need not wait behind them; and back to the kept number when nothing has moved bulk for a while. It does no I/O and is not
/// thread-safe.
/// </summary>
internal sealed class LaneDemand(LaneOptions options, long now)
{
    private readonly int _kept = Math.Min(options.Kept, options.Max);
    private long _lastBulk = now;

    /// <summary>The number of wanted lanes, including the first.</summary>
    public int Wanted { get; private set; } = Math.Min(options.Kept, options.Max);

    /// <summary>Updates <see cref="Wanted"/> from the present lanes.</summary>
    /// <param name="nowMilliseconds">The present time on any monotonic clock.</param>
    /// <param name="open">The number of lanes that take new streams.</param>
    /// <param name="busy">How many of these lanes have a stream that moves bulk.</param>
    public void Update(long nowMilliseconds, int open, int busy)
    {
        if (busy > 0)
            _lastBulk = nowMilliseconds;
        if (nowMilliseconds - _lastBulk >= options.QuietTime.TotalMilliseconds)
            Wanted = _kept;

        // No further lane is wanted while one is still being dialled.
        else if (busy == open && open == Wanted && Wanted < options.Max)
            Wanted++;
    }
}
