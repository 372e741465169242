namespace Tunnel.Edge.Admission;

/// <summary>
/// Lets so many new connections through a second, and after a pause a burst of them. Full at first. Not thread-safe; the caller locks.
/// </summary>
internal struct RateBucket
{
    private double _tokens;

    // This is 0 before the first time.
    private long _refilled;

    /// <summary>Takes one, unless there is none.</summary>
    /// <param name="rate">How many a second; it may be another one at each call.</param>
    /// <param name="burst">How many at once.</param>
    /// <param name="time">The clock.</param>
    /// <param name="now">Its present timestamp.</param>
    public bool TryTake(int rate, int burst, TimeProvider time, long now)
    {
        var gained = _refilled == 0 ? burst : Gained(rate, time, now);
        (_tokens, _refilled) = (Math.Min(_tokens + gained, burst), now);
        if (_tokens < 1)
            return false;
        _tokens--;
        return true;
    }

    /// <summary>Whether the bucket is as it was at first, so that it need not be kept.</summary>
    /// <inheritdoc cref="TryTake"/>
    public readonly bool IsFull(int rate, int burst, TimeProvider time, long now) =>
        _refilled == 0 || _tokens + Gained(rate, time, now) >= burst;

    private readonly double Gained(int rate, TimeProvider time, long now) => time.GetElapsedTime(_refilled, now).TotalSeconds * rate;
}
