using Tunnel.Shared.Guarding;

namespace Tunnel.Hub.History;

/// <summary>Reads the counters of the connected edges once a second.</summary>
internal sealed class HistorySampler : IDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private readonly TrafficHistory _history;
    private readonly Func<IReadOnlyCollection<TrafficReading>> _read;
    private readonly TimeProvider _time;
    private readonly long _start;
    private readonly ITimer _timer;
    private long _recorded;

    /// <summary>Starts to read.</summary>
    /// <param name="history">Where the readings go.</param>
    /// <param name="read">Reads the counters of all connected edges.</param>
    /// <param name="time">The clock.</param>
    public HistorySampler(TrafficHistory history, Func<IReadOnlyCollection<TrafficReading>> read, TimeProvider time)
    {
        _history = history;
        _read = read;
        _time = time;
        _start = time.GetTimestamp();
        _timer = time.CreateGuardedTimer(static sampler => sampler.Sample(), this, Interval, Interval);
    }

    /// <inheritdoc/>
    public void Dispose() => _timer.Dispose();

    private void Sample()
    {
        // A reading that takes longer than a second is not overtaken by the next one.
        if (!_lock.TryEnter())
            return;
        try
        {
            // Rounded, since a timer may be a little early.
            var seconds = (long)Math.Round(_time.GetElapsedTime(_start).TotalSeconds);
            _history.Record(_read(), (int)Math.Min(int.MaxValue, seconds - _recorded), _time.GetUtcNow());
            _recorded = seconds;
        }
        finally
        {
            _lock.Exit();
        }
    }
}
