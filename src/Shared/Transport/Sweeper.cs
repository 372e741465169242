using Tunnel.Shared.Guarding;

namespace Tunnel.Shared.Transport;

/// <summary>Something that has to look at a clock now and then.</summary>
internal interface ISweepable
{
    /// <summary>Called every <see cref="Sweeper.Period"/>; must not block.</summary>
    /// <returns>False to be called no more.</returns>
    bool Sweep();
}

/// <summary>
/// One timer for all rare waits of a process: resets that wait for blocked data, and streams that are given a last chance to drain. It
/// rests while there is nothing to do.
/// </summary>
internal sealed class Sweeper(TimeProvider time)
{
    /// <summary>How often things are looked at: half of the second within which a reset is to be passed on.</summary>
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

        // Off the lock: an item may add another one, or itself call into a stream.
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
            // The others' turn comes all the same, and the next sweep.
            Defects.Note($"sweeping {item.GetType().Name}", e);
            return false;
        }
    }
}
