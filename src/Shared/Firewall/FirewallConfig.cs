using System.Collections.Immutable;
using Tunnel.Shared.Operator;
using Tunnel.Shared.Protocol.Addresses;

namespace Tunnel.Shared.Firewall;

/// <summary>
/// What an edge's packet filter shall do (docs/operations.md, Firewall). Made by <see cref="FirewallConfigReader"/>, and valid then.
/// </summary>
public sealed record FirewallConfig
{
    /// <summary>Does nothing.</summary>
    public static FirewallConfig Empty { get; } = new();

    /// <summary>Sources from which nothing is let in; they may overlap.</summary>
    public ImmutableArray<IpRange> BlockedIps { get; init; } = [];

    /// <summary>How many new connections are let in.</summary>
    public ImmutableArray<RateLimit> RateLimits { get; init; } = [];

    /// <summary>Rules, of which the first that matches decides.</summary>
    public ImmutableArray<FirewallRule> Rules { get; init; } = [];

    /// <summary>Sources that are blocked for a while, as the hub adds them to what the operator wrote.</summary>
    public ImmutableArray<TimedBlock> TimedBlocks { get; init; } = [];

    /// <summary>Whether there is nothing to do.</summary>
    public bool IsEmpty => BlockedIps.IsEmpty && RateLimits.IsEmpty && Rules.IsEmpty && TimedBlocks.IsEmpty;
}

/// <summary>How many new connections (TCP), and packets of flows that were not answered yet (UDP), a port takes.</summary>
/// <param name="Id">1–64 of <c>[A-Za-z0-9._-]</c>, unique among the limits.</param>
/// <param name="Port">Listening port, 1–65535.</param>
/// <param name="Protocol">Which of the port's protocols; both share one allowance.</param>
/// <param name="Rate">How many in which time.</param>
/// <param name="Burst">How many at once after a pause, 1–1,000,000.</param>
/// <param name="PerSource">Whether each IPv4 address and IPv6 /64 has an allowance of its own.</param>
public sealed record RateLimit(string Id, int Port, TransportProtocol Protocol, PacketRate Rate, int Burst, bool PerSource);

/// <summary>One rule of the packet filter.</summary>
/// <param name="Id">1–64 of <c>[A-Za-z0-9._-]</c>, unique among the rules.</param>
/// <param name="Direction">Which packets it sees.</param>
/// <param name="Action">What happens to those that match.</param>
/// <param name="Source">Where they come from; null: anywhere.</param>
/// <param name="DestinationPorts">Where they go; null: any port.</param>
/// <param name="Protocol">TCP, UDP or both; other protocols no rule matches, so that IPv6 keeps its neighbour discovery.</param>
public sealed record FirewallRule(
    string Id, FirewallDirection Direction, FirewallAction Action, IpRange? Source, PortRange? DestinationPorts,
    TransportProtocol Protocol);

/// <summary>A source that is blocked for a while.</summary>
/// <param name="Source">Address or CIDR.</param>
/// <param name="Seconds">How long from now on, 1–31,536,000.</param>
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

/// <summary>Which packets a rule sees.</summary>
public enum FirewallDirection
{
    /// <summary>To this machine.</summary>
    Input,

    /// <summary>From this machine.</summary>
    Output,

    /// <summary>Through this machine.</summary>
    Forward,
}

/// <summary>What happens to packets that match.</summary>
public enum FirewallAction
{
    /// <summary>No later rule of ours is looked at; other tables of the machine still decide for themselves.</summary>
    Accept,

    /// <summary>They vanish.</summary>
    Drop,

    /// <summary>The sender is told: TCP reset, ICMP administratively prohibited.</summary>
    Reject,
}
