using Tunnel.Shared.Protocol.Flow;

namespace Tunnel.Shared.UnitTests.Protocol.Flow;

public sealed class BulkMeterTests
{
    private const long Mega = 1 << 20;

    [Fact]
    public void What_moves_much_is_bulk_as_soon_as_it_has_moved_two_megabytes()
    {
        var meter = new BulkMeter();
        Assert.False(meter.Sample(500, Mega));
        Assert.True(meter.Sample(1_000, 2 * Mega));
    }

    [Fact]
    public void A_slow_uplink_that_is_filled_is_bulk_and_a_trickle_is_not()
    {
        var filled = new BulkMeter();
        var trickle = new BulkMeter();
        for (var i = 1; i < 1_000; i++)
        {
            Assert.Equal(
                i * BulkMeter.SmallestShare >= BulkMeter.SmallestStream, filled.Sample(i * BulkMeter.Period, i * BulkMeter.SmallestShare));
            Assert.False(trickle.Sample(i * BulkMeter.Period, i * (BulkMeter.SmallestShare - 1)));
        }
    }

    [Fact]
    public void It_is_over_three_seconds_after_the_last()
    {
        var meter = new BulkMeter();
        Assert.True(meter.Sample(0, 10 * Mega));
        Assert.True(meter.Sample(2_999, 10 * Mega));
        Assert.False(meter.Sample(3_000, 10 * Mega));
        Assert.False(meter.Sample(3_500, (10 * Mega) + BulkMeter.SmallestShare - 1));
        Assert.True(meter.Sample(4_000, 11 * Mega));
    }

    [Fact]
    public void What_moves_as_much_as_bulk_is_heavy_before_it_is_bulk_and_as_long()
    {
        var meter = new BulkMeter();
        meter.Sample(0, BulkMeter.SmallestShare - 1);
        Assert.False(meter.IsHeavy);
        Assert.False(meter.Sample(250, Mega));
        Assert.True(meter.IsHeavy);
        Assert.True(meter.Sample(500, 2 * Mega));
        Assert.True(meter.Sample(750, 2 * Mega));
        Assert.True(meter.IsHeavy);
        Assert.False(meter.Sample(4_000, 2 * Mega));
        Assert.False(meter.IsHeavy);
    }
}
