using System.Collections.Immutable;
using Tunnel.Shared.Operator;
using Tunnel.Shared.Protocol.Addresses;

namespace Tunnel.Shared.Firewall;

/// <summary>
/// What an edge's packet filter is to do (docs/operations/firewall.md). An instance made by <see cref="FirewallConfigReader"/> is valid.
/// </summary>
public sealed record FirewallConfig
{
    /// <summary>A configuration that does nothing.</summary>
    public static FirewallConfig Empty { get; } = new();

    /// <summary>Sources that are blocked; they may overlap.</summary>
    public ImmutableArray<IpRange> BlockedIps { get; init; } = [];

    /// <summary>Limits on how many new connections are let in.</summary>
    public ImmutableArray<RateLimit> RateLimits { get; init; } = [];

    /// <summary>Rules; the first one that matches decides.</summary>
    public ImmutableArray<FirewallRule> Rules { get; init; } = [];

    /// <summary>Sources that are blocked for a while, which the hub adds to what the operator wrote.</summary>
    public ImmutableArray<TimedBlock> TimedBlocks { get; init; } = [];

    /// <summary>Whether there is nothing to do.</summary>
    public bool IsEmpty => BlockedIps.IsEmpty && RateLimits.IsEmpty && Rules.IsEmpty && TimedBlocks.IsEmpty;

    /// <summary>Whether <paramref name="other"/> is the same apart from the timed blocks, which count down by themselves.</summary>
    public bool IsWrittenAs(FirewallConfig other) => BlockedIps.AsSpan().SequenceEqual(other.BlockedIps.AsSpan())
        && RateLimits.AsSpan().SequenceEqual(other.RateLimits.AsSpan()) && Rules.AsSpan().SequenceEqual(other.Rules.AsSpan());
}

/// <summary>A limit on how many new connections (TCP) and packets of flows not yet answered (UDP) a port accepts.</summary>
/// <param name="Id">1–64 of <c>[A-Za-z0-9._-]</c>, unique among the limits.</param>
/// <param name="Port">Listening port, 1–65535.</param>
/// <param name="Protocol">The port's protocols that are limited; both share one allowance.</param>
/// <param name="Rate">How many are let in, and in what time.</param>
/// <param name="Burst">How many at once after a pause, 1–1,000,000.</param>
/// <param name="PerSource">Whether each IPv4 address and IPv6 /64 has an allowance of its own.</param>
public sealed record RateLimit(string Id, int Port, TransportProtocol Protocol, PacketRate Rate, int Burst, bool PerSource);

/// <summary>One rule of the packet filter.</summary>
/// <param name="Id">1–64 of <c>[A-Za-z0-9._-]</c>, unique among the rules.</param>
/// <param name="Direction">Which packets it applies to.</param>
/// <param name="Action">What happens to packets that match.</param>
/// <param name="Source">Where the packets come from; null is anywhere.</param>
/// <param name="DestinationPorts">Where the packets go; null is any port.</param>
/// <param name="Protocol">TCP, UDP or both. No rule matches other protocols, so that IPv6 keeps its neighbour discovery.</param>
public sealed record FirewallRule(
    string Id, FirewallDirection Direction, FirewallAction Action, IpRange? Source, PortRange? DestinationPorts,
    TransportProtocol Protocol);

/// <summary>A source that is blocked for a while.</summary>
/// <param name="Source">An address or CIDR.</param>
/// <param name="Seconds">The remaining time in seconds, 1–31,536,000.</param>
public sealed record TimedBlock(IpRange Source, int Seconds);

/// <summary>TCP, UDP or both.</summary>
public enum TransportProtocol
{
    /// <summary>Both.</summary>
    Both,

    /// <summary>TCP.</summary>
    Tcp,

    /// <summary>UDP.</summary>
    Udp,
}

/// <summary>Which packets a rule applies to.</summary>
public enum FirewallDirection
{
    /// <summary>Packets to this machine.</summary>
    Input,

    /// <summary>Packets from this machine.</summary>
    Output,

    /// <summary>Packets through this machine.</summary>
    Forward,
}

/// <summary>The fate of packets that match.</summary>
public enum FirewallAction
{
    /// <summary>Lets packets pass without looking at later rules of ours; the machine's other tables still decide for themselves.</summary>
    Accept,

    /// <summary>Drops packets silently.</summary>
    Drop,

    /// <summary>Refuses packets and tells the sender: TCP reset, or ICMP administratively prohibited.</summary>
    Reject,
}
