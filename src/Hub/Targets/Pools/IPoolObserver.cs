namespace Tunnel.Hub.Targets.Pools;

/// <summary>Is told of what changes in pools. Called without locks, on any thread, so implementations must not block.</summary>
internal interface IPoolObserver
{
    /// <summary>The pool has other members.</summary>
    void OnMembers(TargetPool pool);

    /// <summary>A member gets clients again.</summary>
    void OnUp(TargetPool pool, PoolMember member, string reason);

    /// <summary>A member gets no more clients.</summary>
    void OnDown(TargetPool pool, PoolMember member, string reason);

    /// <summary>So few members work that all are used, or enough work again.</summary>
    void OnPanic(TargetPool pool, bool isPanicking);
}
