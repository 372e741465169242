using System.Collections.Concurrent;
using Tunnel.Hub.Edges.Definitions;

namespace Tunnel.Hub.Targets.Pools;

/// <summary>The pools of all ports that have one. Any thread may use it.</summary>
internal sealed class TargetPools(TargetResolver resolver, IMemberChecks checks, IPoolObserver observer, TimeProvider time)
{
    private readonly ConcurrentDictionary<PoolKey, PoolEntry> _pools = new();
    private readonly Lock _lock = new();

    /// <summary>All pools, in no order.</summary>
    public IEnumerable<TargetPool> All => _pools.Values.Select(entry => entry.Pool);

    /// <summary>Returns a port's pool, or null when it has none by now.</summary>
    public TargetPool? Find(in PoolKey key) => _pools.GetValueOrDefault(key)?.Pool;

    /// <summary>Returns a port's pool; it is made at the first call, and changed when the policy is another one.</summary>
    /// <param name="key">Which pool it is.</param>
    /// <param name="policy">What the operator wrote.</param>
    /// <param name="targetHost">The target of a pool that names none.</param>
    /// <param name="port">The port of targets that name none.</param>
    /// <param name="proxy">The PROXY header that clients have.</param>
    /// <param name="rule">The addresses that targets may have.</param>
    public TargetPool Of(
        in PoolKey key, PoolPolicy policy, string targetHost, int port, ProxyProtocol proxy, TargetRule rule = default)
    {
        // Asked for each connection: a policy that is the same object needs no look at what it says.
        if (_pools.TryGetValue(key, out var known) && known.IsFor(policy, targetHost, port, proxy, rule))
            return known.Pool;
        var spec = PoolSpec.Of(policy, targetHost, port, proxy) with { Rule = rule };
        lock (_lock)
        {
            var pool = _pools.GetValueOrDefault(key)?.Pool;
            if (pool is null)
                pool = new TargetPool(key, spec, resolver, checks, observer, time);
            else if (pool.Spec != spec)
                pool.Change(spec);
            _pools[key] = new PoolEntry(pool, policy, targetHost, port, proxy, rule);
            return pool;
        }
    }

    /// <summary>Forgets the pools of an edge that are not wanted any more.</summary>
    public void Keep(string edgeId, Func<PoolKey, bool> isWanted)
    {
        foreach (var key in _pools.Keys)
        {
            if (key.EdgeId == edgeId && !isWanted(key) && _pools.TryRemove(key, out var removed))
                removed.Pool.Close();
        }
    }

    private sealed record PoolEntry(TargetPool Pool, PoolPolicy Policy, string TargetHost, int Port, ProxyProtocol Proxy, TargetRule Rule)
    {
        public bool IsFor(PoolPolicy policy, string targetHost, int port, ProxyProtocol proxy, TargetRule rule) =>
            ReferenceEquals(policy, Policy) && port == Port && proxy == Proxy && rule == Rule
            && (policy.Targets is not null || targetHost == TargetHost);
    }
}
