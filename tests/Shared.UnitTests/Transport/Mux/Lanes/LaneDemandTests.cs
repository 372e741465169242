using Tunnel.Shared.Transport;
using Tunnel.Shared.Transport.Mux.Lanes;

namespace Tunnel.Shared.UnitTests.Transport.Mux.Lanes;

public sealed class LaneDemandTests
{
    private const long QuietMilliseconds = 5 * 60_000;

    private readonly LaneDemand _demand = new(new LaneOptions { Max = 3 }, 0);

    [Fact]
    public void A_quiet_tunnel_has_one_lane()
    {
        _demand.Update(1_000, open: 1, busy: 0);
        Assert.Equal(1, _demand.Wanted);
    }

    [Fact]
    public void Each_lane_with_bulk_brings_one_without_up_to_the_most()
    {
        _demand.Update(0, open: 1, busy: 1);
        Assert.Equal(2, _demand.Wanted);
        _demand.Update(0, open: 2, busy: 1);
        Assert.Equal(2, _demand.Wanted);
        _demand.Update(0, open: 2, busy: 2);
        Assert.Equal(3, _demand.Wanted);
        _demand.Update(0, open: 3, busy: 3);
        Assert.Equal(3, _demand.Wanted);
    }

    [Fact]
    public void While_one_is_dialled_no_further_one_is_wanted()
    {
        _demand.Update(0, open: 1, busy: 1);
        _demand.Update(250, open: 1, busy: 1);
        Assert.Equal(2, _demand.Wanted);
    }

    [Fact]
    public void Five_minutes_after_the_last_bulk_one_is_enough_again()
    {
        _demand.Update(0, open: 1, busy: 1);
        _demand.Update(10_000, open: 2, busy: 1);
        _demand.Update(10_000 + QuietMilliseconds - 1, open: 2, busy: 0);
        Assert.Equal(2, _demand.Wanted);
        _demand.Update(10_000 + QuietMilliseconds, open: 2, busy: 0);
        Assert.Equal(1, _demand.Wanted);
        _demand.Update(10_000 + QuietMilliseconds, open: 1, busy: 1);
        Assert.Equal(2, _demand.Wanted);
    }

    [Fact]
    public void Those_that_are_kept_stay()
    {
        var demand = new LaneDemand(new LaneOptions { Max = 4, Kept = 2 }, 0);
        Assert.Equal(2, demand.Wanted);
        demand.Update(0, open: 2, busy: 2);
        demand.Update(QuietMilliseconds, open: 3, busy: 0);
        Assert.Equal(2, demand.Wanted);
    }

    [Fact]
    public void The_most_counts_more_than_those_that_are_kept() =>
        Assert.Equal(1, new LaneDemand(new LaneOptions { Max = 1, Kept = 2 }, 0).Wanted);
}
