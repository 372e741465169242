using Tunnel.Shared.Protocol.Scheduling;

namespace Tunnel.Shared.UnitTests.Protocol.Scheduling;

public class SustainedTierTests
{
    private readonly TierScheduler _scheduler = new();

    [Fact]
    public void A_sustained_stream_has_the_link_when_nothing_else_waits()
    {
        var link = new SimulatedLink(_scheduler, 10_000_000);
        var elephant = Sustained(link);
        for (var i = 0; i < 100; i++)
            Assert.Same(elephant, link.SendFrame(64 << 10));
        Assert.Equal(100 * (64 << 10), elephant.Sent);
    }

    [Fact]
    public void It_waits_for_normal_streams_but_for_its_floor()
    {
        var link = new SimulatedLink(_scheduler, 10_000_000);
        var elephant = Sustained(link);
        var normal = new Flow();
        link.Demand(normal, TierScheduler.Quantum + 20_000);
        Assert.Same(normal, link.SendFrame(64 << 10));
        Assert.Same(normal, link.SendFrame(64 << 10));
        Assert.Same(elephant, link.SendFrame(64 << 10));
    }

    /// <summary>The tier gets min(1 MB/s, 20 % of the drain rate) while others wait, and not much more: the rest is theirs.</summary>
    [Theory]
    [InlineData(100_000, 1)]
    [InlineData(1_000_000, 1)]
    [InlineData(5_000_000, 3)]
    [InlineData(20_000_000, 1)]
    [InlineData(20_000_000, 10)]
    [InlineData(1_000_000_000, 2)]
    public void It_has_its_floor_while_others_wait(long bytesPerSecond, int normal)
    {
        var link = new SimulatedLink(_scheduler, bytesPerSecond);
        var elephants = new[] { Sustained(link), Sustained(link) };
        for (var i = 0; i < normal; i++)
            link.Demand(new Flow(), Flow.Endless);
        var start = link.Now;
        while (link.Now - start < 60_000)
            link.SendFrame(64 << 10);
        var rate = elephants.Sum(flow => flow.Sent) / 60.0;
        var floor = Math.Min(1_000_000, bytesPerSecond * 0.2);
        Assert.InRange(rate, floor * 0.93, (floor * 1.07) + (TierScheduler.Quantum / 60.0));
        Assert.InRange(Math.Abs(elephants[0].Sent - elephants[1].Sent), 0, TierScheduler.Quantum + 2048);
    }

    [Fact]
    public void A_sustained_stream_that_runs_dry_for_moments_has_its_floor_all_the_same()
    {
        var link = new SimulatedLink(_scheduler, 2_000_000);
        var elephant = Sustained(link, 0);
        link.Demand(new Flow(), Flow.Endless);
        var start = link.Now;
        while (link.Now - start < 60_000)
        {
            if (elephant.Pending == 0)
                link.Demand(elephant, 64 << 10);
            link.SendFrame(64 << 10);
        }

        Assert.InRange(elephant.Sent / 60.0, 400_000 * 0.85, 400_000 * 1.15);
    }

    [Fact]
    public void What_it_is_owed_does_not_pile_up()
    {
        var link = new SimulatedLink(_scheduler, 10_000_000);
        var elephant = Sustained(link);
        var normal = new Flow();
        for (var i = 0; i < 1_000; i++)
        {
            // There is nothing but normal data, then a long silence, after which no burst of the other tier may follow.
            link.Demand(normal, 32 << 10);
            link.SendFrame(64 << 10);
            link.Wait(100);
        }

        link.Demand(normal, Flow.Endless);
        var before = elephant.Sent;
        while (!ReferenceEquals(link.SendFrame(64 << 10), normal))
        {
        }

        Assert.InRange(elephant.Sent - before, 0, 4 * TierScheduler.Quantum);
    }

    [Fact]
    public void A_change_of_tier_takes_effect_when_queued_next()
    {
        var link = new SimulatedLink(_scheduler, 10_000_000);
        Flow flow = new(), other = new();
        link.Demand(flow, Flow.Endless);
        link.Demand(other, Flow.Endless);
        for (var i = 0; i < 10; i++)
            link.SendFrame(64 << 10);
        Change(flow, sustained: true);
        Assert.True(flow.IsReady);
        Assert.Same(other, link.SendFrame(64 << 10));
        Assert.Same(other, link.SendFrame(64 << 10));
        Change(flow, sustained: false);
        var before = (flow.Sent, other.Sent);
        for (var i = 0; i < 100; i++)
            link.SendFrame(64 << 10);
        Assert.InRange(Math.Abs((flow.Sent - before.Item1) - (other.Sent - before.Item2)), 0, 2 * TierScheduler.Quantum);
    }

    private void Change(Flow flow, bool sustained)
    {
        _scheduler.RemoveData(flow);
        flow.Sustained = sustained;
        _scheduler.EnqueueData(flow);
    }

    private static Flow Sustained(SimulatedLink link, long bytes = Flow.Endless)
    {
        var flow = new Flow { Sustained = true };
        link.Demand(flow, bytes);
        return flow;
    }
}
