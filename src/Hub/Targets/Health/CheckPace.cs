using Tunnel.Shared.Guarding;

namespace Tunnel.Hub.Targets.Health;

/// <summary>
/// Begins checks when they are due, with one timer for all of them: those of the same tenth of a second begin together. A timer for each
/// would wake a thread for each, which costs more than the check.
/// </summary>
internal sealed class CheckPace : IDisposable
{
    private static readonly TimeSpan Beat = TimeSpan.FromMilliseconds(100);

    private readonly Lock _lock = new();
    private readonly PriorityQueue<HealthCheck, long> _waiting = new();
    private readonly TimeProvider _time;
    private readonly long _start;
    private readonly ITimer _timer;

    // This is the beat that the timer is set to.
    private long _next = long.MaxValue;

    public CheckPace(TimeProvider time)
    {
        (_time, _start) = (time, time.GetTimestamp());
        _timer = time.CreateGuardedTimer(static pace => pace.Run(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Begins a check after a while.</summary>
    public void Begin(HealthCheck check, TimeSpan after)
    {
        lock (_lock)
        {
            var beat = (long)Math.Ceiling((_time.GetElapsedTime(_start) + after) / Beat);
            _waiting.Enqueue(check, beat);
            if (beat < _next)
                SetTimer(beat);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _timer.Dispose();

    private void Run()
    {
        var due = new List<HealthCheck>();
        lock (_lock)
        {
            var now = (long)(_time.GetElapsedTime(_start) / Beat);
            while (_waiting.TryPeek(out _, out var beat) && beat <= now)
                due.Add(_waiting.Dequeue());
            SetTimer(_waiting.TryPeek(out _, out var next) ? next : long.MaxValue);
        }

        foreach (var check in due)
            check.RunAsync().Guard("checking a target");
    }

    private void SetTimer(long beat)
    {
        _next = beat;
        if (beat == long.MaxValue)
            return;
        // A timer of the runtime may fire a moment before its time; then it is set to the same beat again.
        var pause = (beat * Beat) - _time.GetElapsedTime(_start);
        _timer.Change(pause > TimeSpan.Zero ? pause : TimeSpan.Zero, Timeout.InfiniteTimeSpan);
    }
}
