using Tunnel.Shared.Guarding;

namespace Tunnel.Shared.Transport;

/// <summary>One timer that calls all items of a kind in rounds. It stops while there are none.</summary>
/// <typeparam name="T">What is called.</typeparam>
/// <param name="time">The clock.</param>
/// <param name="period">The time between two rounds.</param>
/// <param name="work">What the calls do, for the log.</param>
/// <param name="call">Calls an item without a lock, and must not block. True: the item is called in the next round, too.</param>
internal sealed class Rounds<T>(TimeProvider time, TimeSpan period, string work, Func<T, bool> call)
    where T : class
{
    private readonly Lock _lock = new();
    private List<T> _items = [];
    private List<T> _called = [];
    private ITimer? _timer;
    private bool _running;

    /// <summary>Calls an item from the next round on.</summary>
    public void Add(T item)
    {
        lock (_lock)
        {
            _items.Add(item);
            if (_running)
                return;
            _running = true;
            _timer ??= time.CreateGuardedTimer(static self => self.Run(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            _timer.Change(period, Timeout.InfiniteTimeSpan);
        }
    }

    private void Run()
    {
        lock (_lock)
            (_items, _called) = (_called, _items);

        // Called without the lock, because an item may add itself or another one, or call into a stream.
        var kept = 0;
        for (var i = 0; i < _called.Count; i++)
        {
            if (Call(_called[i]))
                _called[kept++] = _called[i];
        }

        _called.RemoveRange(kept, _called.Count - kept);
        lock (_lock)
        {
            _items.AddRange(_called);
            _called.Clear();
            _running = _items.Count > 0;
            if (_running)
                _timer!.Change(period, Timeout.InfiniteTimeSpan);
        }
    }

    private bool Call(T item)
    {
        try
        {
            return call(item);
        }
        catch (Exception e)
        {
            // A failure of one item must not stop the others, nor the next round.
            Defects.Note($"{work} {item.GetType().Name}", e);
            return false;
        }
    }
}
