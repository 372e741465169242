namespace Tunnel.TestUtilities;

/// <summary>
/// A clock that moves only when a test says so. Timers fire within <see cref="Advance"/>, on the caller's thread, in the order of their
/// due times (of equal ones the first set fires first), and see the clock at exactly their due time. Thread-safe.
/// </summary>
public sealed class ManualTimeProvider : TimeProvider
{
    private readonly Lock _lock = new();
    private readonly List<ManualTimer> _timers = [];
    private readonly DateTimeOffset _start;
    private TimeSpan _elapsed;
    private long _settings;

    /// <param name="start">The first reading of <see cref="GetUtcNow"/>; by default noon of 1 January 2025.</param>
    public ManualTimeProvider(DateTimeOffset? start = null) =>
        _start = start ?? new DateTimeOffset(2025, 1, 1, 12, 0, 0, TimeSpan.Zero);

    /// <inheritdoc/>
    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    /// <inheritdoc/>
    public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

    /// <summary>How many timers are waiting: a test can see that code has begun to wait before it moves the clock.</summary>
    public int WaitingTimers
    {
        get
        {
            lock (_lock)
                return _timers.Count;
        }
    }

    /// <summary>The time that the next timer still waits; null when none does.</summary>
    public TimeSpan? UntilNext
    {
        get
        {
            lock (_lock)
                return _timers.Count == 0 ? null : _timers.Min(static timer => timer.Due) - _elapsed;
        }
    }

    /// <inheritdoc/>
    public override DateTimeOffset GetUtcNow()
    {
        lock (_lock)
            return _start + _elapsed;
    }

    /// <summary>Ticks since the provider was made, plus a day: code that takes 0 for "never" must not pass by chance.</summary>
    public override long GetTimestamp()
    {
        lock (_lock)
            return TimeSpan.TicksPerDay + _elapsed.Ticks;
    }

    /// <inheritdoc/>
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new ManualTimer(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    /// <summary>Moves the clock and fires every timer that becomes due, also those that are set by another's callback.</summary>
    public void Advance(TimeSpan by)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(by, TimeSpan.Zero);
        TimeSpan end;
        lock (_lock)
            end = _elapsed + by;
        while (TakeDue(end) is { } timer)
            timer.Fire();
    }

    private ManualTimer? TakeDue(TimeSpan end)
    {
        lock (_lock)
        {
            var next = _timers.MinBy(timer => (timer.Due, timer.Setting));
            if (next is null || next.Due > end)
            {
                // The clock never goes backwards: another thread may have moved it further meanwhile.
                _elapsed = end > _elapsed ? end : _elapsed;
                return null;
            }

            _elapsed = next.Due > _elapsed ? next.Due : _elapsed;
            _timers.Remove(next);
            if (next.Period > TimeSpan.Zero)
                Set(next, next.Period);
            return next;
        }
    }

    private void Set(ManualTimer timer, TimeSpan dueTime)
    {
        timer.Due = _elapsed + dueTime;
        timer.Setting = _settings++;
        _timers.Add(timer);
    }

    private sealed class ManualTimer(ManualTimeProvider owner, TimerCallback callback, object? state) : ITimer
    {
        private bool _disposed;

        public TimeSpan Due { get; set; }

        public TimeSpan Period { get; private set; }

        public long Setting { get; set; }

        // This happens outside the lock, since a callback may set timers and read the clock.
        public void Fire() => callback(state);

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (owner._lock)
            {
                if (_disposed)
                    return false;
                owner._timers.Remove(this);
                Period = period;
                if (dueTime != Timeout.InfiniteTimeSpan)
                    owner.Set(this, dueTime);
                return true;
            }
        }

        public void Dispose()
        {
            lock (owner._lock)
            {
                _disposed = true;
                owner._timers.Remove(this);
            }
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
