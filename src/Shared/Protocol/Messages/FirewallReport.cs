using System.Collections.Immutable;
using System.Text.Json.Serialization;

namespace Tunnel.Shared.Protocol.Messages;

/// <summary>The <c>firewall</c> member of a REPORT: what became of <c>firewallConfig</c> at the edge (protocol.md section 2.8).</summary>
public sealed record FirewallReport
{
    /// <summary>There is nothing to filter.</summary>
    public const string None = "none";

    /// <summary>In force, and new connections to the hub are still possible.</summary>
    public const string Applied = "applied";

    /// <summary>It cut off new connections to the hub, so the one before is in force.</summary>
    public const string RolledBack = "rolledBack";

    /// <summary>It is not valid; the one before is in force.</summary>
    public const string Refused = "refused";

    /// <summary>The edge's machine did not take it; the one before is in force.</summary>
    public const string Failed = "failed";

    /// <summary>The edge can't filter: no right, no program, no kernel support.</summary>
    public const string Unavailable = "unavailable";

    /// <summary>The edge's operator has switched it off.</summary>
    public const string Off = "off";

    internal const int MaxErrors = 16;

    /// <summary>
    /// What became of it: <c>none</c>, <c>applied</c>, <c>rolledBack</c>, <c>refused</c>, <c>failed</c>, <c>unavailable</c> or <c>off</c>.
    /// </summary>
    public string State { get; init; } = "";

    /// <summary>What the edge's operator allows: <c>off</c>, <c>blockOnly</c> or <c>full</c>.</summary>
    public string Mode { get; init; } = "";

    /// <summary>What is wrong, or was left out, in words for the operator: at most 16 of at most 256 characters.</summary>
    public ImmutableArray<string> Errors { get; init; } = [];

    /// <summary>What somebody else has changed of it at the edge's machine, in the report that tells it first.</summary>
    public FirewallDrift? Drift { get; init; }

    /// <summary>Why the firewall of that configuration is not in force, in words; null when it is.</summary>
    [JsonIgnore]
    public string? Fault => State is Applied or None ? null : Errors.IsDefaultOrEmpty ? State : $"{State}: {string.Join("; ", Errors)}";

    /// <summary>Cuts what an edge has to say to what a report may hold.</summary>
    public static ImmutableArray<string> Cut(IEnumerable<string> errors) =>
        [.. errors.Take(MaxErrors).Select(error => error.Length <= ControlMessage.MaxText ? error : error[..ControlMessage.MaxText])];
}

/// <summary>Somebody else has changed what was in force of a firewall (protocol.md section 2.8).</summary>
/// <param name="Count">How often it happened since the edge's start.</param>
/// <param name="What">What was found, in words for the operator: at most 256 characters.</param>
/// <param name="Mended">It was put back.</param>
public sealed record FirewallDrift(long Count, string What, bool Mended);
