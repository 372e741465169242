using Tunnel.Shared.Protocol.Scheduling;

namespace Tunnel.Shared.UnitTests.Protocol.Scheduling;

/// <summary>Round robin by bytes in the normal tier (protocol.md section 5).</summary>
public class FairnessTests
{
    // Two flows that always have data may differ by this much: a turn, and what a turn may leave over for the next.
    private const int Tolerance = TierScheduler.Quantum * 3 / 2;

    private readonly TierScheduler _scheduler = new();
    private readonly SimulatedLink _link;

    public FairnessTests() => _link = new SimulatedLink(_scheduler, 100_000_000);

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(8)]
    [InlineData(64)]
    public void Flows_that_always_have_data_get_the_same_to_within_a_turn(int count)
    {
        var random = new Random(count);
        var flows = WarmBulk(count);
        for (var i = 0; i < 200 * count; i++)
        {
            // The room varies as in the writer, whose batch has more or less of it left.
            _link.SendFrame(random.Next(2 << 10, 64 << 10));
            Assert.InRange(flows.Max(flow => flow.Sent) - flows.Min(flow => flow.Sent), 0, Tolerance);
        }
    }

    [Fact]
    public void Small_frames_get_no_smaller_share()
    {
        var flows = WarmBulk(5);
        for (var i = 0; i < 20_000; i++)
        {
            // Each read of the one flow gives little.
            var turn = _scheduler.Next(_link.Now);
            _link.SendFrame(ReferenceEquals(turn.Node, flows[0]) ? 200 : 32 << 10);
        }

        Assert.InRange(flows.Max(flow => flow.Sent) - flows.Min(flow => flow.Sent), 0, Tolerance);
    }

    [Fact]
    public void A_turn_is_not_spent_on_a_crumb()
    {
        Bulk(4);
        var room = 64 << 10;
        var crumbs = 0;
        for (var i = 0; i < 1_000; i++)
        {
            if (room < 2 << 10)
                room = 64 << 10;
            var before = _link.Sent;
            _link.SendFrame(room - 9);
            var bytes = (int)(_link.Sent - before);
            if (bytes < 1024)
                crumbs++;
            room -= bytes + 9;
        }

        Assert.Equal(0, crumbs);
    }

    /// <summary>Makes a batch that had room for most of a turn be followed by one that carries the next flow's frame whole.</summary>
    [Fact]
    public void Less_than_half_a_turn_is_left_for_the_next_one()
    {
        var flows = WarmBulk(2);
        var first = _link.SendFrame(40 << 10);
        var second = _link.SendFrame(40 << 10);
        Assert.NotSame(first, second);
        Assert.Same(first, _link.SendFrame(TierScheduler.Quantum));
        Assert.Equal(TierScheduler.Quantum, Math.Abs(flows[0].Sent - flows[1].Sent));
    }

    [Fact]
    public void More_than_half_a_turn_is_used_up()
    {
        WarmBulk(2);
        Assert.Same(_link.SendFrame(24 << 10), _link.SendFrame(TierScheduler.Quantum));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(20)]
    public void A_flow_that_was_quiet_goes_ahead_of_bulk(int bulk)
    {
        WarmBulk(bulk);
        var quiet = new Flow();
        for (var i = 0; i < 200; i++)
        {
            for (var j = 0; j < bulk; j++)
                _link.SendFrame(64 << 10);
            _link.Demand(quiet, 100);
            Assert.Same(quiet, _link.SendFrame(64 << 10));
            Assert.False(quiet.IsReady);
        }
    }

    [Fact]
    public void A_lone_flow_may_fill_a_batch()
    {
        var flow = new Flow();
        _link.Demand(flow, Flow.Endless);
        Assert.Equal(int.MaxValue, _scheduler.Next(_link.Now).Bytes);
        _link.Demand(new Flow(), 1);
        Assert.InRange(_scheduler.Next(_link.Now).Bytes, 1, TierScheduler.Quantum);
    }

    [Fact]
    public void What_a_lone_flow_sent_is_not_held_against_it()
    {
        var old = Bulk(1)[0];
        for (var i = 0; i < 1_000; i++)
            _link.SendFrame(64 << 10);
        var before = old.Sent;
        var newcomer = Bulk(1)[0];
        for (var i = 0; i < 1_000; i++)
            _link.SendFrame(64 << 10);
        Assert.InRange(Math.Abs(newcomer.Sent - (old.Sent - before)), 0, 3 * TierScheduler.Quantum);
    }

    /// <summary>Lets the pause be over at any time, together with the end of a round or not.</summary>
    [Theory]
    [InlineData(2, 32 << 10)]
    [InlineData(4, 32 << 10)]
    [InlineData(4, 4 << 10)]
    [InlineData(4, 1 << 10)]
    [InlineData(16, 16 << 10)]
    [InlineData(16, 1 << 10)]
    public void A_flow_that_pauses_and_returns_gets_no_more_than_those_that_stay(int bulk, int frame)
    {
        foreach (var piece in (int[])[100, 1_000, 4_096, 16_384, 32_767, 32_768, 60_000])
        {
            for (var pause = 0; pause < 6; pause++)
                AssertNoGain(bulk, frame, piece, () => pause);
            var random = new Random(piece);
            AssertNoGain(bulk, frame, piece, () => random.Next(2 * bulk));
        }
    }

    [Fact]
    public void Large_datagrams_with_pauses_get_no_more_either()
    {
        var bulk = Bulk(3);
        var session = new Flow();
        for (var i = 0; i < 5_000; i++)
        {
            // A datagram is sent whole, whatever is left of the turn.
            _scheduler.EnqueueData(session);
            if (!ReferenceEquals(_scheduler.Next(_link.Now).Node, session))
            {
                _link.SendFrame(64 << 10);
                continue;
            }

            _scheduler.ChargeData(session, 65_507);
            session.Sent += 65_507;
            _scheduler.RemoveData(session);
            _link.SendFrame(64 << 10);
        }

        Assert.True(session.Sent <= bulk.Max(flow => flow.Sent) + (4 * 65_507), $"{session.Sent} against {bulk.Max(flow => flow.Sent)}");
    }

    [Fact]
    public void New_flows_without_end_do_not_starve_old_ones()
    {
        var bulk = WarmBulk(2);
        var start = _link.Sent;
        for (var i = 0; i < 2_000; i++)
        {
            _link.Demand(new Flow(), 16 << 10);
            _link.SendFrame(64 << 10);
        }

        var share = bulk.Sum(flow => flow.Sent) / (double)(_link.Sent - start);
        Assert.InRange(share, 0.1, 0.5);
    }

    private void AssertNoGain(int count, int frame, int piece, Func<int> pause)
    {
        var scheduler = new TierScheduler();
        var link = new SimulatedLink(scheduler, 100_000_000);
        var bulk = Enumerable.Range(0, count).Select(_ => new Flow()).ToArray();
        foreach (var flow in bulk)
            link.Demand(flow, Flow.Endless);
        var pausing = new Flow();
        var left = 0;
        for (var i = 0; i < 3_000; i++)
        {
            if (!pausing.IsReady && left-- <= 0)
            {
                link.Demand(pausing, piece);
                left = pause();
            }

            link.SendFrame(frame);
        }

        var most = bulk.Max(flow => flow.Sent);
        Assert.True(pausing.Sent <= most + (2 * TierScheduler.Quantum), $"{pausing.Sent} against {most} (pieces of {piece})");
    }

    // Returns flows past their first turn, in which they count as new, and with nothing sent so far.
    private Flow[] WarmBulk(int count)
    {
        var flows = Bulk(count);
        while (flows.Min(flow => flow.Sent) < 2 * TierScheduler.Quantum)
            _link.SendFrame(TierScheduler.Quantum);
        foreach (var flow in flows)
            flow.Sent = 0;
        return flows;
    }

    private Flow[] Bulk(int count)
    {
        var flows = Enumerable.Range(0, count).Select(_ => new Flow()).ToArray();
        foreach (var flow in flows)
            _link.Demand(flow, Flow.Endless);
        return flows;
    }
}
