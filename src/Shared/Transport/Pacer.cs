using Tunnel.Shared.Guarding;

namespace Tunnel.Shared.Transport;

/// <summary>Something that waits for its next share of bytes.</summary>
internal interface IPaced
{
    /// <summary>Some time has passed, so bytes may be available. Must not block.</summary>
    void OnPace();
}

/// <summary>One timer for all connections of a process that wait for their rate limit. It stops while none waits.</summary>
internal sealed class Pacer(TimeProvider time)
{
    /// <summary>The interval at which waiting connections are called.</summary>
    public static readonly TimeSpan Period = TimeSpan.FromMilliseconds(20);

    private readonly Lock _lock = new();
    private List<IPaced> _waiting = [];
    private List<IPaced> _waking = [];
    private ITimer? _timer;
    private bool _running;

    /// <summary>Schedules one call of <see cref="IPaced.OnPace"/>.</summary>
    public void Add(IPaced item)
    {
        lock (_lock)
        {
            _waiting.Add(item);
            if (_running)
                return;
            _running = true;
            _timer ??= time.CreateGuardedTimer(static self => self.Wake(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            _timer.Change(Period, Timeout.InfiniteTimeSpan);
        }
    }

    private void Wake()
    {
        lock (_lock)
            (_waiting, _waking) = (_waking, _waiting);

        // Called without the lock, because most items add themselves again.
        foreach (var item in _waking)
            Wake(item);
        _waking.Clear();
        lock (_lock)
        {
            _running = _waiting.Count > 0;
            if (_running)
                _timer!.Change(Period, Timeout.InfiniteTimeSpan);
        }
    }

    private static void Wake(IPaced item)
    {
        try
        {
            item.OnPace();
        }
        catch (Exception e)
        {
            // A failure of one item must not stop the others.
            Defects.Note($"pacing {item.GetType().Name}", e);
        }
    }
}
