using System.Globalization;
using Tunnel.Hub.Edges.Definitions;
using Tunnel.Hub.Targets.Pools;

namespace Tunnel.Hub.Targets.Health;

/// <summary>One check that is repeated, and the members that share it.</summary>
internal sealed class HealthCheck : IMemberCheck, IDisposable
{
    private const int DefaultInterval = 10;
    private const int DefaultTimeout = 3;
    private const int DefaultUnhealthy = 3;
    private const int DefaultHealthy = 2;

    private readonly Lock _lock = new();
    private readonly HealthMonitor _monitor;
    private readonly List<(TargetPool Pool, PoolMember Member)> _members = [];
    private readonly TimeSpan _interval;
    private volatile Outages? _outage;
    private volatile bool _isDisposed;
    private int _failures;
    private int _successes;

    public HealthCheck(HealthMonitor monitor, MemberCheckKey key)
    {
        _monitor = monitor;
        Key = key;
        _interval = TimeSpan.FromSeconds(key.Check.Interval ?? DefaultInterval);
    }

    public MemberCheckKey Key { get; }

    public bool IsUp => _outage is null;

    public (DateTimeOffset Since, string Reason)? Outage => _outage is { } outage ? (outage.Since, outage.Reason) : null;

    /// <summary>Begins to check.</summary>
    public void Start() => _monitor.Pace.Begin(this, _monitor.FirstPause(_interval));

    public void Add(TargetPool pool, PoolMember member)
    {
        lock (_lock)
            _members.Add((pool, member));
    }

    /// <returns>Whether nobody wants the check any more.</returns>
    public bool Remove(TargetPool pool, PoolMember member)
    {
        lock (_lock)
        {
            _members.Remove((pool, member));
            return _members.Count == 0;
        }
    }

    public void Leave(TargetPool pool, PoolMember member) => _monitor.Leave(this, pool, member);

    public void Dispose() => _isDisposed = true;

    /// <summary>Checks once, and says when the next time is.</summary>
    public async Task RunAsync()
    {
        if (_isDisposed)
            return;
        var began = _monitor.Time.GetTimestamp();
        string? fault;
        TimeSpan took;
        using (await _monitor.TurnAsync())
        {
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(Key.Check.Timeout ?? DefaultTimeout), _monitor.Time);
            var asked = _monitor.Time.GetTimestamp();
            fault = _isDisposed ? null : await _monitor.Probe.CheckAsync(Key, limit.Token);
            took = _monitor.Time.GetElapsedTime(asked);
        }

        if (_isDisposed)
            return;
        Note(fault);
        if (fault is null && Key.Check.Type is HealthCheckType.Http or HealthCheckType.Https)
            Tell(took);
        var next = _monitor.Jitter(_interval) - _monitor.Time.GetElapsedTime(began);
        _monitor.Pace.Begin(this, next > TimeSpan.Zero ? next : TimeSpan.Zero);
    }

    private void Tell(TimeSpan took)
    {
        foreach (var pool in Pools(Members()))
            _monitor.Answered(pool, took);
    }

    // One check at a time comes here.
    private void Note(string? fault)
    {
        var members = Members();
        if (fault is null)
        {
            _failures = 0;
            var isBack = _outage is not null && ++_successes >= (Key.Check.HealthyThreshold ?? DefaultHealthy);
            if (_outage is not null && !isBack)
                return;
            _outage = null;
            foreach (var (pool, member) in members)
                pool.NoteGoodCheck(member, isBack);
            if (isBack)
                _monitor.Observer.OnUp(Text(members), Pools(members), Checks(_successes, "succeeded"));
            return;
        }

        _successes = 0;
        var threshold = Key.Check.UnhealthyThreshold ?? DefaultUnhealthy;
        var reason = string.Create(CultureInfo.InvariantCulture, $"{fault}, {Math.Min(++_failures, threshold)} of {threshold} checks");
        if (_failures < threshold)
            return;
        var isNew = _outage is null;
        _outage = new Outages(_outage?.Since ?? _monitor.Time.GetUtcNow(), reason);
        if (isNew)
            _monitor.Observer.OnDown(Text(members), Pools(members), reason);
    }

    private (TargetPool Pool, PoolMember Member)[] Members()
    {
        lock (_lock)
            return [.. _members];
    }

    private string Text((TargetPool Pool, PoolMember Member)[] members) =>
        members.Length > 0 ? members[0].Member.Text : Key.Address.ToString();

    private static PoolKey[] Pools((TargetPool Pool, PoolMember Member)[] members) =>
        [.. members.Select(member => member.Pool.Key).Distinct()];

    private static string Checks(int count, string what) =>
        string.Create(CultureInfo.InvariantCulture, $"{count} checks in a row {what}");

    private sealed record Outages(DateTimeOffset Since, string Reason);
}
