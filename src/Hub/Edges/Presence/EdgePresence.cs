namespace Tunnel.Hub.Edges.Presence;

/// <summary>When an edge was seen, from where, and why it left.</summary>
/// <param name="ConnectedSince">The start of the present connection, or of the last one.</param>
/// <param name="LastSeen">The end of its last tunnel; while it is connected, the time of the last look.</param>
/// <param name="Remote">The address and port that its newest tunnel came from.</param>
/// <param name="Condition">Connected, or why it left.</param>
/// <param name="Detail">The reason in words; null while it is connected.</param>
internal sealed record EdgePresence(
    DateTimeOffset ConnectedSince, DateTimeOffset LastSeen, string Remote, EdgeCondition Condition, string? Detail);

/// <summary>A process that came with an edge's id and was turned away.</summary>
/// <param name="Remote">The address and port that it came from.</param>
/// <param name="Time">When it last came.</param>
public sealed record EdgeAttempt(string Remote, DateTimeOffset Time)
{
    /// <summary>The process, as its HELLO named it; empty when there was none.</summary>
    internal string Instance { get; init; } = "";
}
