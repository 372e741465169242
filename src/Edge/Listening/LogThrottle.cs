namespace Tunnel.Edge.Listening;

/// <summary>Lets one message a minute through, where clients could cause thousands.</summary>
internal sealed class LogThrottle(TimeProvider time)
{
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);

    private long _last;

    /// <summary>Whether to log now.</summary>
    public bool TryEnter()
    {
        long last = Interlocked.Read(ref _last);
        long now = time.GetTimestamp();
        return (last == 0 || time.GetElapsedTime(last, now) >= Interval) && Interlocked.CompareExchange(ref _last, now, last) == last;
    }
}
