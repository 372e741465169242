using System.Collections.Immutable;
using Tunnel.Shared.Protocol.Messages;

namespace Tunnel.Edge.Status;

/// <summary>How the packet filter is.</summary>
public sealed record FirewallStatus
{
    /// <summary>
    /// <c>none</c> (nothing to filter), <c>applied</c>, <c>confirming</c> (in force; a new connection to the hub is being tried),
    /// <c>rolledBack</c>, <c>refused</c>, <c>failed</c>, <c>unavailable</c> or <c>off</c>.
    /// </summary>
    public required string State { get; init; }

    /// <summary>The edge's own setting: <c>full</c>, <c>blockOnly</c> or <c>off</c>.</summary>
    public required string Mode { get; init; }

    /// <summary>What is wrong, or was left out.</summary>
    public ImmutableArray<string> Errors { get; init; } = [];

    /// <summary>Addresses and CIDRs that are blocked now, those for a while included; overlapping ones count once.</summary>
    public int Blocked { get; init; }

    /// <summary>What somebody else has changed of it since the start; null when nobody has.</summary>
    public FirewallDrift? Drift { get; init; }

    /// <summary>Why the hub's firewall is not in force; null when it is.</summary>
    internal string? Error => new FirewallReport { State = State, Errors = Errors }.Fault;
}
