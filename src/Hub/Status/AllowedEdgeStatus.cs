using System.Collections.Immutable;
using Tunnel.Hub.Edges.Presence;

namespace Tunnel.Hub.Status;

/// <summary>One allowed edge, connected or not.</summary>
public sealed record AllowedEdgeStatus
{
    /// <summary>The id of the edge.</summary>
    public required string EdgeId { get; init; }

    /// <summary>Connected, or why it is not.</summary>
    public required EdgeCondition State { get; init; }

    /// <summary>The reason in more words, if there are any; null while it is connected.</summary>
    public string? Detail { get; init; }

    /// <summary>Where the hub dials it; null when it dials the hub.</summary>
    public string? DialAddress { get; init; }

    /// <summary>Why the hub's last try to dial it failed; null when it did not, or the edge dials.</summary>
    public string? DialFault { get; init; }

    /// <summary>The proxy through which the hub dials it; null when there is none, or the edge dials.</summary>
    public string? DialProxy { get; init; }

    /// <summary>
    /// The hub that dials it, where hubs share their state and another one does (its machine and port); null when this hub does, or the
    /// edge dials.
    /// </summary>
    public string? DialledBy { get; init; }

    /// <summary>Since when it is connected; null when it is not.</summary>
    public DateTimeOffset? ConnectedSince { get; init; }

    /// <summary>When it was last connected: now, while it is connected; null when it never was, as far as the hub remembers.</summary>
    public DateTimeOffset? LastSeen { get; init; }

    /// <summary>The address and port of its newest tunnel, or of its last one; null when it was never connected.</summary>
    public string? Remote { get; init; }

    /// <summary>Another process that came with its id while it was connected, within the last 90 s; null when there was none.</summary>
    public EdgeAttempt? Conflict { get; init; }

    /// <summary>
    /// The last process that came with its id but no valid secret since it was last connected; null when none did since the hub's start.
    /// </summary>
    public EdgeAttempt? Refused { get; init; }

    /// <summary>The number of secrets that let it in.</summary>
    public required int Secrets { get; init; }

    /// <summary>When older secrets expire, ascending.</summary>
    public ImmutableArray<DateTimeOffset> SecretsEnd { get; init; } = [];

    /// <summary>
    /// When the secret that it is connected with expires, and its tunnels end; null when the secret stays valid or the edge is not
    /// connected.
    /// </summary>
    public DateTimeOffset? OwnSecretEnds { get; init; }

    /// <summary>The edge's TCP ports.</summary>
    public required EdgePortsStatus Tcp { get; init; }

    /// <summary>The edge's UDP ports.</summary>
    public required EdgePortsStatus Udp { get; init; }
}

/// <summary>The ports of an edge, each as a list such as <c>80,443,8000-8010</c>; empty: none.</summary>
/// <param name="Wanted">The ports that the hub assigns.</param>
/// <param name="Bound">The ports that the edge has bound, by its last report; none while it is not connected.</param>
/// <param name="Failed">The ports that it could not bind.</param>
public sealed record EdgePortsStatus(string Wanted, string Bound, string Failed);
