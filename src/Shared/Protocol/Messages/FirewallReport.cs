using System.Collections.Immutable;
using System.Text.Json.Serialization;

namespace Tunnel.Shared.Protocol.Messages;

/// <summary>The <c>firewall</c> member of a REPORT: what the edge did with <c>firewallConfig</c> (protocol.md section 2.8).</summary>
public sealed record FirewallReport
{
    /// <summary>There is nothing to filter.</summary>
    public const string None = "none";

    /// <summary>The firewall is in force, and new connections to the hub are still possible.</summary>
    public const string Applied = "applied";

    /// <summary>The firewall cut off new connections to the hub, so the previous one is in force.</summary>
    public const string RolledBack = "rolledBack";

    /// <summary>The firewall is not valid; the previous one is in force.</summary>
    public const string Refused = "refused";

    /// <summary>The edge's machine did not accept the firewall; the previous one is in force.</summary>
    public const string Failed = "failed";

    /// <summary>The edge can't filter: it lacks the right, the program or kernel support.</summary>
    public const string Unavailable = "unavailable";

    /// <summary>The edge's operator has switched the firewall off.</summary>
    public const string Off = "off";

    internal const int MaxErrors = 16;

    /// <summary>
    /// The outcome: <c>none</c>, <c>applied</c>, <c>rolledBack</c>, <c>refused</c>, <c>failed</c>, <c>unavailable</c> or <c>off</c>.
    /// </summary>
    public string State { get; init; } = "";

    /// <summary>What the edge's operator allows: <c>off</c>, <c>blockOnly</c> or <c>full</c>.</summary>
    public string Mode { get; init; } = "";

    /// <summary>What is wrong or was left out, in words for the operator: at most 16 texts of at most 256 characters.</summary>
    public ImmutableArray<string> Errors { get; init; } = [];

    /// <summary>What somebody else has changed in the firewall on the edge's machine; set only in the report that first tells it.</summary>
    public FirewallDrift? Drift { get; init; }

    /// <summary>Why the firewall of that configuration is not in force, in words for the operator; null when it is in force.</summary>
    [JsonIgnore]
    public string? Fault => State is Applied or None ? null : Errors.IsDefaultOrEmpty ? State : $"{State}: {string.Join("; ", Errors)}";

    /// <summary>Shortens the edge's errors to what a report may hold.</summary>
    public static ImmutableArray<string> Cut(IEnumerable<string> errors) =>
        [.. errors.Take(MaxErrors).Select(error => error.Length <= ControlMessage.MaxText ? error : error[..ControlMessage.MaxText])];
}

/// <summary>Tells that somebody else has changed the firewall that was in force (protocol.md section 2.8).</summary>
/// <param name="Count">How often it has happened since the edge's start.</param>
/// <param name="What">What was found, in words for the operator: at most 256 characters.</param>
/// <param name="Mended">Whether the firewall was put back.</param>
public sealed record FirewallDrift(long Count, string What, bool Mended);
