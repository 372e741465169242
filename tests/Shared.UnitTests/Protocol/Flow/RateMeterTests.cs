using Tunnel.Shared.Protocol.Flow;

namespace Tunnel.Shared.UnitTests.Protocol.Flow;

public class RateMeterTests
{
    private const long Above = 2_600_000;

    [Theory]
    [InlineData(0)]
    [InlineData(999)]
    [InlineData(123_456_789)]
    public void A_stream_is_sustained_once_it_is_older_than_ten_seconds_with_more_than_the_rate(long start)
    {
        var meter = new RateMeter(start);
        for (var now = start; now < start + 10_000; now += 10)
        {
            Assert.False(meter.Record(now, 100_000), $"sustained after {now - start} ms");
            Assert.False(meter.IsSustained);
        }

        Assert.True(meter.Record(start + 10_000, 100_000));
        Assert.True(meter.IsSustained);
        Assert.False(meter.Record(start + 10_010, 100_000));
    }

    [Fact]
    public void At_the_rate_or_below_it_never_is()
    {
        var meter = new RateMeter(500);
        for (var now = 500; now < 120_000; now += 100)
            Assert.False(meter.Record(now, RateMeter.SustainedRate / 10));
        Assert.InRange(meter.BytesPerSecond, 0.85 * RateMeter.SustainedRate, RateMeter.SustainedRate);
    }

    [Fact]
    public void A_short_burst_of_a_long_stream_does_not_make_it_sustained()
    {
        var meter = new RateMeter(0);
        for (var now = 0; now < 60_000; now += 1_000)
            Assert.False(meter.Record(now, 1_000));
        Assert.False(meter.Record(60_000, 20_000_000));
        Assert.False(meter.Record(65_000, 4_000_000));
        Assert.True(meter.Record(66_000, 4_000_000));
    }

    [Fact]
    public void The_average_is_of_the_last_ten_seconds()
    {
        var meter = new RateMeter(0);
        meter.Record(0, 1_000_000);
        meter.Record(5_000, 2_000_000);
        Assert.Equal(300_000, meter.BytesPerSecond);
        meter.Record(9_999, 0);
        Assert.Equal(300_000, meter.BytesPerSecond);
        meter.Record(10_000, 0);
        Assert.Equal(200_000, meter.BytesPerSecond);
        meter.Record(15_000, 0);
        Assert.Equal(0, meter.BytesPerSecond);
    }

    [Fact]
    public void It_is_normal_again_after_ten_seconds_below_half_without_being_held_back()
    {
        var (meter, now) = SustainedMeter();
        var start = now;
        while (meter.IsSustained)
        {
            now += 100;
            meter.RecordIdle(now);
            meter.Record(now, RateMeter.SustainedRate / 2 / 10 / 2);
            Assert.InRange(now - start, 0, 11_000);
        }

        Assert.InRange(now - start, 6_000, 11_000);
    }

    [Fact]
    public void Just_under_the_full_rate_it_stays_sustained()
    {
        var (meter, now) = SustainedMeter();
        for (var i = 0; i < 600; i++)
        {
            now += 100;
            meter.RecordIdle(now);
            Assert.False(meter.Record(now, (long)(RateMeter.SustainedRate * 0.6) / 10));
        }
    }

    [Fact]
    public void A_stream_that_its_tier_holds_back_stays_sustained()
    {
        var (meter, now) = SustainedMeter();
        for (var i = 0; i < 600; i++)
        {
            // The sender always had more to send.
            now += 100;
            Assert.False(meter.Record(now, 100));
        }

        Assert.True(meter.IsSustained);
    }

    [Fact]
    public void Long_idleness_makes_it_normal()
    {
        var (meter, now) = SustainedMeter();
        meter.RecordIdle(now);
        now += 3_600_000;
        Assert.True(meter.Record(now, 10));
        Assert.False(meter.IsSustained);
        Assert.Equal(1, meter.BytesPerSecond);
    }

    [Fact]
    public void It_may_become_sustained_again_only_by_another_ten_seconds()
    {
        var (meter, now) = SustainedMeter();
        meter.RecordIdle(now);
        now += 60_000;
        Assert.True(meter.Record(now, 10));
        var start = now;
        while (!meter.IsSustained)
            meter.Record(now += 100, Above / 10);
        Assert.InRange(now - start, 9_000, 10_100);
    }

    [Fact]
    public void Random_gaps_leave_the_total_that_of_the_last_ten_seconds()
    {
        var random = new Random(7);
        for (var sequence = 0; sequence < 500; sequence++)
        {
            var now = random.NextInt64(0, 1L << 40);
            var meter = new RateMeter(now);
            List<(long Second, long Bytes)> moved = [];
            for (var i = 0; i < 100; i++)
            {
                now += random.Next(4) switch { 0 => 0, 1 => random.Next(1_000), 2 => random.Next(12_000), _ => random.Next(100_000) };
                var bytes = random.Next(1_000_000);
                moved.Add((now / 1000, bytes));
                meter.Record(now, bytes);
                Assert.Equal(moved.Where(entry => entry.Second > (now / 1000) - 10).Sum(entry => entry.Bytes) / 10.0, meter.BytesPerSecond);
            }
        }
    }

    [Fact]
    public void Recording_allocates_nothing()
    {
        var meter = new RateMeter(0);
        var now = 0L;
        Allocation.AssertNone(() => meter.Record(now += 100, 1_000_000));
    }

    private static (RateMeter Meter, long Now) SustainedMeter()
    {
        var meter = new RateMeter(0);
        var now = 0L;
        while (!meter.Record(now, Above / 10))
            now += 100;
        return (meter, now);
    }
}
