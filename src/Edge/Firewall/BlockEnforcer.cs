using Microsoft.Extensions.Logging;
using Tunnel.Edge.Refusing;
using Tunnel.Shared.Guarding;

namespace Tunnel.Edge.Firewall;

/// <summary>
/// Keeps blocked sources out of the edge's own ports, with a packet filter or without one, and ends each block when its time has passed. In
/// the kernel, blocks end by themselves.
/// </summary>
internal sealed class BlockEnforcer : IDisposable
{
    // A timer takes at most 49 days; it is armed again when it fires.
    private const long MaxWaitSeconds = 86_400;

    private readonly ISourceBlocker _blocker;
    private readonly FirewallPlanner _planner;
    private readonly ILogger _logger;
    private readonly ITimer _expiry;
    private readonly Lock _lock = new();
    private FirewallPlan _enforced = FirewallPlan.Nothing;

    public BlockEnforcer(ISourceBlocker blocker, FirewallPlanner planner, TimeProvider time, ILogger logger)
    {
        _blocker = blocker;
        _planner = planner;
        _logger = logger;
        _expiry = time.CreateGuardedTimer(static self => self.OnExpiry(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Blocks the sources of this plan from now on, and resets their open connections.</summary>
    public void Enforce(FirewallPlan plan)
    {
        lock (_lock)
        {
            _enforced = plan;
            EnforceLocked();
        }
    }

    public void Dispose() => _expiry.Dispose();

    private void OnExpiry()
    {
        lock (_lock)
            EnforceLocked();
    }

    private void EnforceLocked()
    {
        var now = _planner.Now;
        if (_blocker.Block(_enforced.Blocked(now)) is > 0 and int ended)
            FirewallLog.BlockedReset(_logger, ended);
        var next = _enforced.BlocksUntil.Select(block => block.Until).Where(until => until > now).DefaultIfEmpty(long.MaxValue).Min();
        var wait = next == long.MaxValue ? Timeout.InfiniteTimeSpan : TimeSpan.FromSeconds(Math.Min(next - now, MaxWaitSeconds));
        _expiry.Change(wait, Timeout.InfiniteTimeSpan);
    }
}
