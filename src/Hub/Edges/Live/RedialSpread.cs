using Tunnel.Hub.Edges.Allowed;

namespace Tunnel.Hub.Edges.Live;

/// <summary>
/// Spreads the dials of edges that have lost this hub at the same moment. One after the other they come as fast as a hub admits them, and
/// the last is not connected later than if all had come at once. An edge that is alone does not wait.
/// </summary>
internal static class RedialSpread
{
    /// <summary>The time that a handshake and an admission cost the hub, roughly.</summary>
    public static readonly TimeSpan PerEdge = TimeSpan.FromMilliseconds(2);

    /// <summary>The longest spread: an edge's clients wait for 5 s by default, and are to find the tunnel before.</summary>
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(4);

    /// <summary>Returns what to tell an edge, as one of so many; null: nothing. Edges that the hub dials wait for it anyway.</summary>
    public static int? MillisecondsFor(AllowedEdge edge, int edges)
    {
        var spread = edge.DialTarget is null ? PerEdge * (edges - 1) : TimeSpan.Zero;
        return spread <= TimeSpan.Zero ? null : (int)Math.Min(spread.TotalMilliseconds, Longest.TotalMilliseconds);
    }
}
