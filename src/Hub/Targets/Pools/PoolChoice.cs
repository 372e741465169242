using System.Net;
using Tunnel.Hub.Edges.Definitions;

namespace Tunnel.Hub.Targets.Pools;

/// <summary>Decides which members of a pool can be used, and chooses one of them. Used under the pool's lock.</summary>
internal sealed class PoolChoice(Random random)
{
    private readonly Balancer _balancer = new(random);
    private readonly List<PoolMember> _usable = [];

    /// <summary>Whether so few members work that all are used.</summary>
    public bool IsPanicking { get; private set; }

    /// <summary>Looks whether enough members work.</summary>
    /// <returns>Whether that has changed.</returns>
    public bool Look(PoolMember[] members, PoolPolicy policy)
    {
        var before = IsPanicking;
        IsPanicking = policy.PanicThreshold > 0 && IsBelow(members, policy.PanicThreshold);
        return IsPanicking != before;
    }

    /// <summary>Chooses a member; null when none can be used.</summary>
    /// <param name="members">All members.</param>
    /// <param name="balance">How to choose.</param>
    /// <param name="source">The client's address; null when not known.</param>
    /// <param name="tried">The members that did not work for this client.</param>
    /// <param name="sameTarget">Only addresses of this target are wanted; null: of any.</param>
    public PoolMember? Choose(
        PoolMember[] members, Balance balance, IPAddress? source, IReadOnlyCollection<PoolMember> tried, TargetDefinition? sameTarget) =>
        Fill(members, tried, sameTarget, backup: false) || Fill(members, tried, sameTarget, backup: true)
            ? _balancer.Choose(balance, _usable, source)
            : null;

    /// <summary>Whether a member can get a client who has tried these.</summary>
    public bool CanUse(PoolMember member, IReadOnlyCollection<PoolMember> tried) =>
        member.Weight > 0 && member.HasRoom && member.IsAllowed && (IsPanicking || member.IsHealthy) && !tried.Contains(member);

    private bool Fill(PoolMember[] members, IReadOnlyCollection<PoolMember> tried, TargetDefinition? sameTarget, bool backup)
    {
        _usable.Clear();
        foreach (var member in members)
        {
            var isWanted = member.IsBackup == backup && (sameTarget is null || ReferenceEquals(member.Target, sameTarget));
            if (isWanted && CanUse(member, tried))
                _usable.Add(member);
        }

        return _usable.Count > 0;
    }

    private static bool IsBelow(PoolMember[] members, int percent)
    {
        var (all, healthy) = (0, 0);
        foreach (var member in members)
        {
            if (member.IsBackup)
                continue;
            all++;
            healthy += member.IsHealthy ? 1 : 0;
        }

        return healthy * 100L < (long)all * percent;
    }
}
