using System.Collections.Immutable;
using Tunnel.Shared.Protocol.Messages;

namespace Tunnel.Edge.Status;

/// <summary>The state of the packet filter.</summary>
public sealed record FirewallStatus
{
    /// <summary>
    /// The state: <c>none</c> (nothing to filter), <c>applied</c>, <c>confirming</c> (in force; a new connection to the hub is being
    /// tried), <c>rolledBack</c>, <c>refused</c>, <c>failed</c>, <c>unavailable</c> or <c>off</c>.
    /// </summary>
    public required string State { get; init; }

    /// <summary>The edge's own setting: <c>full</c>, <c>blockOnly</c> or <c>off</c>.</summary>
    public required string Mode { get; init; }

    /// <summary>What is wrong, or was left out.</summary>
    public ImmutableArray<string> Errors { get; init; } = [];

    /// <summary>How many addresses and CIDRs are blocked now, including timed blocks; overlapping ones count once.</summary>
    public int Blocked { get; init; }

    /// <summary>What somebody else has changed in it since the start; null when nobody has.</summary>
    public FirewallDrift? Drift { get; init; }

    /// <summary>Why the hub's firewall is not in force; null when it is.</summary>
    internal string? Error => new FirewallReport { State = State, Errors = Errors }.Fault;
}
