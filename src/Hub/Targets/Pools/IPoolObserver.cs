namespace Tunnel.Hub.Targets.Pools;

/// <summary>Is told of what changes in pools. Called without locks, on any thread, so implementations must not block.</summary>
internal interface IPoolObserver
{
    /// <summary>A target gets clients again.</summary>
    /// <param name="target">Its address and port.</param>
    /// <param name="pools">The pools that it is in.</param>
    /// <param name="reason">Why, in words.</param>
    void OnUp(string target, IReadOnlyList<PoolKey> pools, string reason);

    /// <summary>A target gets no more clients.</summary>
    /// <inheritdoc cref="OnUp"/>
    void OnDown(string target, IReadOnlyList<PoolKey> pools, string reason);

    /// <summary>So few members work that all are used, or enough work again.</summary>
    void OnPanic(TargetPool pool, bool isPanicking);
}
