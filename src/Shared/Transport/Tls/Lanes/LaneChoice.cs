namespace Tunnel.Shared.Transport.Tls.Lanes;

/// <summary>
/// Chooses the lane of a new stream: where the fewest streams move bulk, then where the least waits to be sent, then where the fewest are open. So a
/// new stream does not wait behind a download, two that begin together are apart, and what may become a download begins where it disturbs the fewest.
/// </summary>
internal static class LaneChoice
{
    /// <summary>The best lane; of equal ones the first. One that is to be closed is taken only if there is no other.</summary>
    /// <param name="lanes">At least one.</param>
    public static int Choose(ReadOnlySpan<LaneLoad> lanes)
    {
        var best = 0;
        for (var i = 1; i < lanes.Length; i++)
        {
            if (IsBetter(lanes[i], lanes[best])) best = i;
        }

        return best;
    }

    private static bool IsBetter(in LaneLoad lane, in LaneLoad other)
    {
        if (lane.IsRetiring != other.IsRetiring) return other.IsRetiring;
        if (lane.Bulk != other.Bulk) return lane.Bulk < other.Bulk;
        return lane.Unsent != other.Unsent ? lane.Unsent < other.Unsent : lane.Flows < other.Flows;
    }
}
