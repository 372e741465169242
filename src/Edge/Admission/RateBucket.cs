namespace Tunnel.Edge.Admission;

/// <summary>
/// Lets so many through a second, all clients of a port together, and after a pause as many at once as in one second. Not thread-safe; the
/// caller locks.
/// </summary>
internal sealed class RateBucket(TimeProvider time)
{
    private double _tokens;
    private long _refilled;

    /// <summary>Takes one, unless there is none.</summary>
    /// <param name="rate">How many a second; it may be another one at each call.</param>
    public bool TryTake(int rate)
    {
        var now = time.GetTimestamp();
        var gained = _refilled == 0 ? rate : time.GetElapsedTime(_refilled, now).TotalSeconds * rate;
        (_tokens, _refilled) = (Math.Min(_tokens + gained, rate), now);
        if (_tokens < 1)
            return false;
        _tokens--;
        return true;
    }
}
