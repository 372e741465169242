namespace Tunnel.Edge.Status;

/// <summary>What has happened at an edge; a member of the JSON of <c>GET /api/v1/events</c>.</summary>
/// <param name="Id">Grows with each event, over restarts of the edge too.</param>
/// <param name="Time">When it happened.</param>
/// <param name="Text">What has happened, in words for the operator.</param>
internal sealed record EdgeEventLine(long Id, DateTimeOffset Time, string Text);
