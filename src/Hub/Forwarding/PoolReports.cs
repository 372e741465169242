using Microsoft.Extensions.Logging;
using Tunnel.Hub.Events;
using Tunnel.Hub.Targets.Pools;

namespace Tunnel.Hub.Forwarding;

/// <summary>Tells operators which targets come and go: by log lines and events, at changes only.</summary>
internal sealed class PoolReports(HubEventFeed events, TimeProvider time, ILogger<PoolReports> logger) : IPoolObserver
{
    // A target may be in the pools of thousands of ports, and 1,000 events are kept.
    private const int MaxPorts = 16;

    public void OnUp(string target, IReadOnlyList<PoolKey> pools, string reason)
    {
        PoolLog.Up(logger, target, Places(pools), reason);
        events.Post(new TargetUpEvent(target, [.. pools.Take(MaxPorts).Select(Place)]) { Time = time.GetUtcNow() });
    }

    public void OnDown(string target, IReadOnlyList<PoolKey> pools, string reason)
    {
        PoolLog.Down(logger, target, Places(pools), reason);
        events.Post(new TargetDownEvent(target, reason, [.. pools.Take(MaxPorts).Select(Place)]) { Time = time.GetUtcNow() });
    }

    public void OnPanic(TargetPool pool, bool isPanicking)
    {
        if (isPanicking)
            PoolLog.Panic(logger, Place(pool.Key), pool.Spec.Policy.PanicThreshold);
        else
            PoolLog.Calm(logger, Place(pool.Key));
    }

    private static string Places(IReadOnlyList<PoolKey> pools) => pools.Count <= 3
        ? string.Join(", ", pools.Select(Place))
        : $"{Place(pools[0])} and {pools.Count - 1} more ports";

    private static string Place(PoolKey key) => $"{key.EdgeId} {key}";
}
