using Tunnel.Shared.Transport.Mux.Frames;

namespace Tunnel.Shared.Transport.Mux.Lanes;

/// <summary>
/// Chooses the lane of a new stream: the one with the fewest streams that move bulk, then with the fewest batches waiting to be sent, then
/// one that is always kept, then the one with the fewest open streams. So a new stream does not wait behind a download. A lane that was
/// opened on demand stays free for such streams: streams that begin together, whose traffic is not known yet, do not take it.
/// </summary>
internal static class LaneChoice
{
    /// <summary>
    /// Returns the index of the best lane, and of equal lanes the first. A lane that is about to be closed is chosen only if there is no
    /// other.
    /// </summary>
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
