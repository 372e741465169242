namespace Tunnel.Hub.Edges.Presence;

/// <summary>When an edge was seen, from where, and why it went.</summary>
/// <param name="ConnectedSince">Since when it is connected, or was the last time.</param>
/// <param name="LastSeen">The end of its last tunnel; while it is connected, when that was last looked at.</param>
/// <param name="Remote">Address and port that its newest tunnel came from.</param>
/// <param name="Condition">Connected, or why it went.</param>
/// <param name="Detail">The same in words; null while it is connected.</param>
internal sealed record EdgePresence(
    DateTimeOffset ConnectedSince, DateTimeOffset LastSeen, string Remote, EdgeCondition Condition, string? Detail);

/// <summary>Somebody who came with an edge's id and was turned away.</summary>
/// <param name="Remote">Address and port that it came from.</param>
/// <param name="Time">When it last came.</param>
public sealed record EdgeAttempt(string Remote, DateTimeOffset Time);
