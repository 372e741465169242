using Tunnel.Shared.Guarding;

namespace Tunnel.Shared.Transport;

/// <summary>Something that waits for its next share of bytes.</summary>
internal interface IPaced
{
    /// <summary>Some time has passed; must not block.</summary>
    void OnPace();
}

/// <summary>One timer for all connections of a process that wait for their rate. It rests while none does.</summary>
internal sealed class Pacer(TimeProvider time)
{
    /// <summary>How often those that wait are asked.</summary>
    public static readonly TimeSpan Period = TimeSpan.FromMilliseconds(20);

    private readonly Lock _lock = new();
    private List<IPaced> _waiting = [];
    private List<IPaced> _waking = [];
    private ITimer? _timer;
    private bool _running;

    /// <summary>Has <see cref="IPaced.OnPace"/> called once.</summary>
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

        // Off the lock: most of them come back.
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
            // The others go on all the same.
            Defects.Note($"pacing {item.GetType().Name}", e);
        }
    }
}
