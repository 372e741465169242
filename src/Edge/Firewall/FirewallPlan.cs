using System.Collections.Immutable;
using Tunnel.Shared.Firewall;
using Tunnel.Shared.Protocol.Addresses;

namespace Tunnel.Edge.Firewall;

/// <summary>
/// Says what the packet filter is to do: what the hub sent, within this edge's own limits, and what nobody can block.
/// </summary>
internal sealed record FirewallPlan
{
    public static FirewallPlan Nothing { get; } = new() { Config = FirewallConfig.Empty };

    /// <summary>The hub's configuration without its timed blocks, which are in <see cref="BlocksUntil"/>.</summary>
    public required FirewallConfig Config { get; init; }

    /// <summary>The blocked sources and when their blocks end, in seconds of the edge's clock.</summary>
    public ImmutableArray<(IpRange Source, long Until)> BlocksUntil { get; init; } = [];

    /// <summary>The ports of this machine that are open to everybody.</summary>
    public ImmutableArray<int> ProtectedPorts { get; init; } = [];

    /// <summary>The hub's addresses, which are cut out of every block.</summary>
    public ImmutableArray<IpRange> NeverBlocked { get; init; } = [];

    /// <summary>Equal for two plans that differ only in their timed blocks.</summary>
    public string Key { get; init; } = "";

    /// <summary>Whether no table is needed.</summary>
    public bool IsEmpty => Config.IsEmpty && BlocksUntil.IsEmpty;

    /// <summary>Whether <paramref name="other"/> lets in the same sources at this time.</summary>
    public bool LetsInTheSameAs(FirewallPlan other) =>
        Key == other.Key && NeverBlocked.SequenceEqual(other.NeverBlocked)
        && BlocksUntil.Select(block => block.Source).ToHashSet().SetEquals(other.BlocksUntil.Select(block => block.Source));

    /// <summary>Returns the sources that are blocked at a time.</summary>
    public AddressSet Blocked(long now) =>
        new([.. Config.BlockedIps, .. BlocksUntil.Where(block => block.Until > now).Select(block => block.Source)], NeverBlocked);
}
