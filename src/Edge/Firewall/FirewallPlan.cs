using System.Collections.Immutable;
using Tunnel.Shared.Firewall;
using Tunnel.Shared.Protocol.Addresses;

namespace Tunnel.Edge.Firewall;

/// <summary>
/// What is wanted of the packet filter: what the hub said, as far as this edge's own limits let it, and what nobody can block.
/// </summary>
internal sealed record FirewallPlan
{
    public static FirewallPlan Nothing { get; } = new() { Config = FirewallConfig.Empty };

    /// <summary>Without its timed blocks, which are in <see cref="BlocksUntil"/>.</summary>
    public required FirewallConfig Config { get; init; }

    /// <summary>Blocked sources and when their blocks end, in the seconds of the edge's clock.</summary>
    public ImmutableArray<(IpRange Source, long Until)> BlocksUntil { get; init; } = [];

    /// <summary>Ports of this machine that are open to everybody.</summary>
    public ImmutableArray<int> ProtectedPorts { get; init; } = [];

    /// <summary>Cut out of every block: the hub.</summary>
    public ImmutableArray<IpRange> NeverBlocked { get; init; } = [];

    /// <summary>Equal when two plans differ in nothing but their blocks for a while.</summary>
    public string Key { get; init; } = "";

    /// <summary>Whether no table is needed.</summary>
    public bool IsEmpty => Config.IsEmpty && BlocksUntil.IsEmpty;

    /// <summary>Whether <paramref name="other"/> lets in the same, at this time.</summary>
    public bool LetsInTheSameAs(FirewallPlan other) =>
        Key == other.Key && NeverBlocked.SequenceEqual(other.NeverBlocked)
        && BlocksUntil.Select(block => block.Source).ToHashSet().SetEquals(other.BlocksUntil.Select(block => block.Source));

    /// <summary>The sources that are blocked at a time.</summary>
    public AddressSet Blocked(long now) =>
        new([.. Config.BlockedIps, .. BlocksUntil.Where(block => block.Until > now).Select(block => block.Source)], NeverBlocked);
}
