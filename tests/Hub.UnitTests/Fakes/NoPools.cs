using Tunnel.Hub.Targets;
using Tunnel.Hub.Targets.Pools;

namespace Tunnel.Hub.UnitTests.Fakes;

/// <summary>Pools of which nobody is told anything.</summary>
internal sealed class NoPools : IPoolObserver
{
    public static TargetPools Create() => new(new TargetResolver(TimeProvider.System), new NoPools(), TimeProvider.System);

    public void OnMembers(TargetPool pool)
    {
    }

    public void OnUp(TargetPool pool, PoolMember member, string reason)
    {
    }

    public void OnDown(TargetPool pool, PoolMember member, string reason)
    {
    }

    public void OnPanic(TargetPool pool, bool isPanicking)
    {
    }
}
