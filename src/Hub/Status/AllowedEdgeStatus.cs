using System.Collections.Immutable;
using Tunnel.Hub.Edges.Presence;

namespace Tunnel.Hub.Status;

/// <summary>One allowed edge, connected or not.</summary>
public sealed record AllowedEdgeStatus
{
    /// <summary>Its id.</summary>
    public required string EdgeId { get; init; }

    /// <summary>Connected, or why it is not.</summary>
    public required EdgeCondition State { get; init; }

    /// <summary>The same in words, where there are more; null while it is connected.</summary>
    public string? Detail { get; init; }

    /// <summary>Since when it is connected; null when it is not.</summary>
    public DateTimeOffset? ConnectedSince { get; init; }

    /// <summary>When it was last connected: now while it is; null when it never was, as far as the hub remembers.</summary>
    public DateTimeOffset? LastSeen { get; init; }

    /// <summary>Address and port that its newest tunnel comes from, or its last one came; null when it was never connected.</summary>
    public string? Remote { get; init; }

    /// <summary>Another process that came with its id while it was connected, within the last 90 s; null when there was none.</summary>
    public EdgeAttempt? Conflict { get; init; }

    /// <summary>
    /// Who last came with its id and without a valid secret, since it was last connected; null when nobody did since the hub's start.
    /// </summary>
    public EdgeAttempt? Refused { get; init; }

    /// <summary>How many secrets let it in.</summary>
    public required int Secrets { get; init; }

    /// <summary>When older ones of them end, ascending.</summary>
    public ImmutableArray<DateTimeOffset> SecretsEnd { get; init; } = [];

    /// <summary>
    /// When the secret ends that it is connected with, and its tunnels with it; null when it stays, or the edge is not connected.
    /// </summary>
    public DateTimeOffset? OwnSecretEnds { get; init; }

    /// <summary>Its TCP ports.</summary>
    public required EdgePortsStatus Tcp { get; init; }

    /// <summary>Its UDP ports.</summary>
    public required EdgePortsStatus Udp { get; init; }
}

/// <summary>Ports of an edge, each as a list such as <c>80,443,8000-8010</c>; empty: none.</summary>
/// <param name="Wanted">That the hub assigns.</param>
/// <param name="Bound">That the edge has bound, by its last report; none while it is not connected.</param>
/// <param name="Failed">That it could not bind.</param>
public sealed record EdgePortsStatus(string Wanted, string Bound, string Failed);
