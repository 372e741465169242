using Tunnel.Shared.Transport.Mux.Frames;

namespace Tunnel.Shared.Transport.Mux.Lanes;

/// <summary>
/// Chooses the lane of a new stream: where the fewest streams move bulk, then where the fewest batches wait to be sent, then one of those
/// that are always there, of these where the fewest are open. So a new stream does not wait behind a download; and a lane that was opened
/// on demand stays free for it: streams that begin together, of which nobody knows yet what they will carry, do not take it.
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
            if (IsBetter(lanes[i], lanes[best]))
                best = i;
        }

        return best;
    }

    private static bool IsBetter(in LaneLoad lane, in LaneLoad other)
    {
        if (lane.IsRetiring != other.IsRetiring)
            return other.IsRetiring;
        if (lane.Bulk != other.Bulk)
            return lane.Bulk < other.Bulk;
        var (batches, otherBatches) = (lane.Unsent / FrameBatch.SentSize, other.Unsent / FrameBatch.SentSize);
        if (batches != otherBatches)
            return batches < otherBatches;
        return lane.IsExtra != other.IsExtra ? other.IsExtra : lane.Flows < other.Flows;
    }
}
