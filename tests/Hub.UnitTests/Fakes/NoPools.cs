using Tunnel.Hub.Targets;
using Tunnel.Hub.Targets.Pools;

namespace Tunnel.Hub.UnitTests.Fakes;

/// <summary>Pools whose members are not checked, and of which nobody is told anything.</summary>
internal sealed class NoPools : IPoolObserver, IMemberChecks
{
    public static NoPools Instance { get; } = new();

    public static TargetPools Create() => new(new TargetResolver(TimeProvider.System), Instance, Instance, TimeProvider.System);

    public IMemberCheck Join(MemberCheckKey key, TargetPool pool, PoolMember member) =>
        throw new NotSupportedException("Nothing is checked here.");

    public void OnUp(string target, IReadOnlyList<PoolKey> pools, string reason)
    {
    }

    public void OnDown(string target, IReadOnlyList<PoolKey> pools, string reason)
    {
    }

    public void OnPanic(TargetPool pool, bool isPanicking)
    {
    }
}
