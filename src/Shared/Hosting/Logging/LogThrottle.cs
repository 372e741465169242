namespace Tunnel.Shared.Hosting.Logging;

/// <summary>Lets one line in a while through, where clients could cause thousands, and counts the others. May be used from any thread.</summary>
/// <param name="time">The clock.</param>
/// <param name="interval">How long after a line there is no other.</param>
public sealed class LogThrottle(TimeProvider time, TimeSpan interval)
{
    private long _last;
    private long _suppressed;

    /// <summary>Whether to write the line.</summary>
    public bool TryEnter() => TryEnter(out _);

    /// <summary>Whether to write the line.</summary>
    /// <param name="suppressed">Lines not written since the last one; 0 when this is not written either.</param>
    public bool TryEnter(out long suppressed)
    {
        var last = Interlocked.Read(ref _last);
        var now = time.GetTimestamp();
        if ((last == 0 || time.GetElapsedTime(last, now) >= interval) && Interlocked.CompareExchange(ref _last, now, last) == last)
        {
            suppressed = Interlocked.Exchange(ref _suppressed, 0);
            return true;
        }

        Interlocked.Increment(ref _suppressed);
        suppressed = 0;
        return false;
    }
}
