using Tunnel.Shared.Transport.Mux.Lanes;

namespace Tunnel.Shared.UnitTests.Transport.Mux.Lanes;

public sealed class LaneChoiceTests
{
    [Fact]
    public void A_quiet_tunnel_uses_its_first_lane() => Assert.Equal(0, LaneChoice.Choose([default, default, default]));

    [Fact]
    public void Bulk_is_avoided_however_much_else_there_is_elsewhere() =>
        Assert.Equal(1, LaneChoice.Choose([new(Bulk: 1, Unsent: 0, Flows: 1), new(Bulk: 0, Unsent: 1 << 20, Flows: 1000, IsExtra: true)]));

    [Fact]
    public void Where_all_have_bulk_the_fewest_count() =>
        Assert.Equal(2, LaneChoice.Choose([new(3, 0, 3), new(2, 0, 2), new(1, 1 << 20, 9)]));

    [Fact]
    public void Then_the_least_unsent_counts_and_then_the_fewest_flows()
    {
        Assert.Equal(1, LaneChoice.Choose([new(0, 2 << 20, 0), new(0, 1 << 20, 9)]));
        Assert.Equal(1, LaneChoice.Choose([new(0, 1 << 20, 9), new(0, 1 << 20, 8)]));
    }

    /// <summary>Shows that requests of the moment are no reason to leave a lane, nor to make two batches of what fits into one.</summary>
    [Fact]
    public void Less_than_a_batch_is_nothing() => Assert.Equal(0, LaneChoice.Choose([new(0, (64 << 10) - 1, 1), new(0, 0, 1)]));

    [Fact]
    public void What_begins_together_is_spread_over_the_lanes_that_are_always_there()
    {
        var lanes = new LaneLoad[] { default, default, default, new(0, 0, 0, IsExtra: true) };
        Open(lanes, 6);
        Assert.Equal([2, 2, 2, 0], lanes.Select(static lane => lane.Flows));
    }

    /// <summary>Begins four uploads; when they have shown what they are, another lane is free of them.</summary>
    [Fact]
    public void What_begins_together_leaves_a_lane_free_that_was_opened_on_demand()
    {
        var lanes = new LaneLoad[] { default, new(0, 0, 0, IsExtra: true) };
        foreach (var lane in Open(lanes, 4))
            lanes[lane] = lanes[lane] with { Bulk = lanes[lane].Bulk + 1 };
        Assert.Equal(0, lanes[LaneChoice.Choose(lanes)].Bulk);
    }

    [Fact]
    public void A_lane_that_is_to_be_closed_gets_nothing_new() =>
        Assert.Equal(0, LaneChoice.Choose([new(1, 1 << 20, 100), new(0, 0, 0, IsRetiring: true)]));

    private static List<int> Open(LaneLoad[] lanes, int count)
    {
        var taken = new List<int>();
        for (var stream = 0; stream < count; stream++)
        {
            var lane = LaneChoice.Choose(lanes);
            lanes[lane] = lanes[lane] with { Flows = lanes[lane].Flows + 1 };
            taken.Add(lane);
        }

        return taken;
    }
}
