using System.Collections.Immutable;
using Tunnel.Shared.Firewall;

namespace Tunnel.Edge.Firewall;

/// <summary>What is wanted of the packet filter: what the hub said, as far as this edge's own limits let it, and what nobody can block.</summary>
internal sealed record FirewallPlan
{
    /// <summary>Without its timed blocks, which are in <see cref="BlocksUntil"/>.</summary>
    public required FirewallConfig Config { get; init; }

    /// <summary>Blocked sources and when their blocks end, in the seconds of the edge's clock.</summary>
    public ImmutableArray<(IpRange Source, long Until)> BlocksUntil { get; init; } = [];

    /// <summary>Ports of this machine that are open to everybody.</summary>
    public ImmutableArray<int> ProtectedPorts { get; init; } = [];

    /// <summary>Cut out of every block: the hub.</summary>
    public ImmutableArray<IpRange> NeverBlocked { get; init; } = [];

    /// <summary>Whether no table is needed.</summary>
    public bool IsEmpty => Config.IsEmpty && BlocksUntil.IsEmpty;
}
