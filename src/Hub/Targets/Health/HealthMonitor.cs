using Tunnel.Hub.Targets.Pools;

namespace Tunnel.Hub.Targets.Health;

/// <summary>
/// Repeats the health checks of all pools: one check for each address and kind of check, however many ports share it, each at its own
/// time, and so many at once and no more.
/// </summary>
internal sealed class HealthMonitor(IHealthProbe probe, IPoolObserver observer, TimeProvider time, Random? random = null)
    : IMemberChecks, IDisposable
{
    /// <summary>How many checks may be under way at once; the others wait, and are late.</summary>
    public const int AtOnce = 64;

    private readonly Lock _lock = new();
    private readonly Dictionary<MemberCheckKey, HealthCheck> _checks = [];
    private readonly SemaphoreSlim _turns = new(AtOnce);
    private readonly Random _random = random ?? Random.Shared;
    private bool _isDisposed;

    public IHealthProbe Probe => probe;

    public IPoolObserver Observer => observer;

    public TimeProvider Time => time;

    /// <summary>Begins the checks.</summary>
    public CheckPace Pace { get; } = new(time);

    /// <summary>Is told how long an HTTP check took that has succeeded, for each pool that shares it.</summary>
    public Action<PoolKey, TimeSpan> Answered { get; init; } = static (_, _) => { };

    /// <summary>The number of checks that are repeated.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
                return _checks.Count;
        }
    }

    public IMemberCheck Join(MemberCheckKey key, TargetPool pool, PoolMember member)
    {
        lock (_lock)
        {
            if (!_checks.TryGetValue(key, out var check))
            {
                _checks[key] = check = new HealthCheck(this, key);
                if (!_isDisposed)
                    check.Start();
            }

            check.Add(pool, member);
            return check;
        }
    }

    /// <summary>Takes a member out; a check without members ends.</summary>
    public void Leave(HealthCheck check, TargetPool pool, PoolMember member)
    {
        lock (_lock)
        {
            if (!check.Remove(pool, member) || _checks.GetValueOrDefault(check.Key) != check)
                return;
            _checks.Remove(check.Key);
            check.Dispose();
        }
    }

    /// <summary>Waits until another check may be made.</summary>
    public async Task<IDisposable> TurnAsync()
    {
        await _turns.WaitAsync();
        return new Turn(_turns);
    }

    /// <summary>Returns a time about as long as the interval, so that checks that began together do not stay together.</summary>
    public TimeSpan Jitter(TimeSpan interval)
    {
        lock (_lock)
            return interval * (0.9 + (_random.NextDouble() * 0.2));
    }

    /// <summary>Returns the time until the first check: soon, but not all at once.</summary>
    public TimeSpan FirstPause(TimeSpan interval)
    {
        var most = Math.Min(interval.TotalSeconds, 1);
        lock (_lock)
            return TimeSpan.FromSeconds(most * _random.NextDouble());
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_lock)
        {
            _isDisposed = true;
            foreach (var check in _checks.Values)
                check.Dispose();
        }

        Pace.Dispose();
    }

    private sealed class Turn(SemaphoreSlim turns) : IDisposable
    {
        public void Dispose() => turns.Release();
    }
}
