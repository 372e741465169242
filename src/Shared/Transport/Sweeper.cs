using Tunnel.Shared.Guarding;

namespace Tunnel.Shared.Transport;

/// <summary>Something that has to check a time limit now and then.</summary>
internal interface ISweepable
{
    /// <summary>Called every <see cref="Sweeper.Period"/>; must not block.</summary>
    /// <returns>False when no further calls are needed.</returns>
    bool Sweep();
}

/// <summary>
/// One timer for all rare waits of a process: resets that wait for blocked data, and streams that get a last chance to drain. It stops
/// while there is nothing to do.
/// </summary>
internal sealed class Sweeper(TimeProvider time)
{
    /// <summary>The interval of the calls: half of the second within which a reset must be passed on.</summary>
    public static readonly TimeSpan Period = TimeSpan.FromMilliseconds(500);

    private readonly Lock _lock = new();
    private List<ISweepable> _items = [];
    private List<ISweepable> _sweeping = [];
    private ITimer? _timer;
    private bool _running;

    public void Add(ISweepable item)
    {
        lock (_lock)
        {
            _items.Add(item);
            if (_running)
                return;
            _running = true;
            _timer ??= time.CreateGuardedTimer(static self => self.Sweep(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            _timer.Change(Period, Timeout.InfiniteTimeSpan);
        }
    }

    private void Sweep()
    {
        lock (_lock)
            (_items, _sweeping) = (_sweeping, _items);

        // Called without the lock, because an item may add another one or call into a stream.
        var kept = 0;
        for (var i = 0; i < _sweeping.Count; i++)
        {
            if (Sweep(_sweeping[i]))
                _sweeping[kept++] = _sweeping[i];
        }

        _sweeping.RemoveRange(kept, _sweeping.Count - kept);
        lock (_lock)
        {
            _items.AddRange(_sweeping);
            _sweeping.Clear();
            _running = _items.Count > 0;
            if (_running)
                _timer!.Change(Period, Timeout.InfiniteTimeSpan);
        }
    }

    private static bool Sweep(ISweepable item)
    {
        try
        {
            return item.Sweep();
        }
        catch (Exception e)
        {
            // A failure of one item must not stop the others, nor the next sweep.
            Defects.Note($"sweeping {item.GetType().Name}", e);
            return false;
        }
    }
}
