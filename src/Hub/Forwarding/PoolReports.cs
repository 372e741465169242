using Microsoft.Extensions.Logging;
using Tunnel.Hub.Events;
using Tunnel.Hub.Targets.Pools;

namespace Tunnel.Hub.Forwarding;

/// <summary>Tells operators which targets come and go: by log lines and events, at changes only.</summary>
internal sealed class PoolReports(HubEventFeed events, TimeProvider time, ILogger<PoolReports> logger) : IPoolObserver
{
    public void OnMembers(TargetPool pool)
    {
    }

    public void OnUp(TargetPool pool, PoolMember member, string reason)
    {
        PoolLog.Up(logger, pool.Key.EdgeId, pool.Key.ToString(), member.Text, reason);
        events.Post(new TargetUpEvent(member.Text, [Place(pool)]) { Time = time.GetUtcNow() });
    }

    public void OnDown(TargetPool pool, PoolMember member, string reason)
    {
        PoolLog.Down(logger, pool.Key.EdgeId, pool.Key.ToString(), member.Text, reason);
        events.Post(new TargetDownEvent(member.Text, reason, [Place(pool)]) { Time = time.GetUtcNow() });
    }

    public void OnPanic(TargetPool pool, bool isPanicking)
    {
        if (isPanicking)
            PoolLog.Panic(logger, pool.Key.EdgeId, pool.Key.ToString(), pool.Spec.Policy.PanicThreshold);
        else
            PoolLog.Calm(logger, pool.Key.EdgeId, pool.Key.ToString());
    }

    private static string Place(TargetPool pool) => $"{pool.Key.EdgeId} {pool.Key}";
}
