using Tunnel.Shared.Transport.Tls.Lanes;

namespace Tunnel.Shared.UnitTests.Transport.Tls.Lanes;

public sealed class LaneChoiceTests
{
    [Fact]
    public void A_quiet_tunnel_uses_its_first_lane() => Assert.Equal(0, LaneChoice.Choose([default, default, default]));

    [Fact]
    public void Bulk_is_avoided_however_much_else_there_is_elsewhere() =>
        Assert.Equal(1, LaneChoice.Choose([new(Bulk: 1, Unsent: 0, Flows: 1), new(Bulk: 0, Unsent: 1 << 20, Flows: 1000)]));

    [Fact]
    public void Where_all_have_bulk_the_fewest_count() =>
        Assert.Equal(2, LaneChoice.Choose([new(3, 0, 3), new(2, 0, 2), new(1, 1 << 20, 9)]));

    [Fact]
    public void Then_the_least_unsent_counts_and_then_the_fewest_flows()
    {
        Assert.Equal(1, LaneChoice.Choose([new(0, 2, 0), new(0, 1, 9)]));
        Assert.Equal(1, LaneChoice.Choose([new(0, 1, 9), new(0, 1, 8)]));
    }

    [Fact]
    public void What_begins_together_is_spread()
    {
        var lanes = new LaneLoad[3];
        for (var stream = 0; stream < 6; stream++)
        {
            var lane = LaneChoice.Choose(lanes);
            lanes[lane] = lanes[lane] with { Flows = lanes[lane].Flows + 1 };
        }

        Assert.All(lanes, static lane => Assert.Equal(2, lane.Flows));
    }

    [Fact]
    public void A_lane_that_is_to_be_closed_gets_nothing_new() =>
        Assert.Equal(0, LaneChoice.Choose([new(1, 1 << 20, 100), new(0, 0, 0, IsRetiring: true)]));
}
