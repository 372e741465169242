namespace Tunnel.Hub.Targets.Pools;

/// <summary>
/// How much of its weight a member has: all of it, or in quarters while it comes back, so that a service with cold caches is not run over.
/// Used under the pool's lock.
/// </summary>
internal sealed class SlowStart(TimeProvider time)
{
    /// <summary>The parts in which the weight is given back.</summary>
    public const int Whole = 4;

    private TimeSpan _duration;
    private long _since;
    private int _quarters = Whole;

    /// <summary>Begins with a quarter.</summary>
    /// <param name="duration">The time until the whole weight; null: a quarter more at each <see cref="Advance"/>.</param>
    public void Begin(TimeSpan? duration)
    {
        (_duration, _since) = (duration ?? Timeout.InfiniteTimeSpan, time.GetTimestamp());
        _quarters = duration == TimeSpan.Zero ? Whole : 1;
    }

    /// <summary>Gives a quarter more, where checks decide and not time.</summary>
    public void Advance()
    {
        if (_duration == Timeout.InfiniteTimeSpan)
            _quarters = Math.Min(_quarters + 1, Whole);
    }

    /// <summary>The quarters of its weight that the member has now, 1–4.</summary>
    public int Quarters
    {
        get
        {
            if (_quarters == Whole || _duration == Timeout.InfiniteTimeSpan)
                return _quarters;
            // A quarter of the weight is there at once, and each further one after a third of the time.
            return _quarters = Math.Min(1 + (int)(time.GetElapsedTime(_since) * (Whole - 1) / _duration), Whole);
        }
    }
}
