using Tunnel.Shared.Protocol.Scheduling;

namespace Tunnel.Shared.UnitTests.Protocol.Scheduling;

/// <summary>Compares random sequences of operations with a model.</summary>
public class SchedulerSequenceTests
{
    private const int Nodes = 12;

    [Fact]
    public void What_waits_is_what_was_queued_whatever_the_sequence()
    {
        for (var seed = 0; seed < 2_000; seed++)
        {
            var model = new Model(new Random(seed));
            for (var step = 0; step < 100; step++)
                model.Step();
        }
    }

    [Fact]
    public void Nobody_starves()
    {
        for (var seed = 0; seed < 200; seed++)
        {
            var random = new Random(seed);
            var scheduler = new TierScheduler();
            var link = new SimulatedLink(scheduler, 20_000_000);
            var flows = Enumerable.Range(0, Nodes).Select(i => new Flow { Sustained = i % 4 == 3 }).ToArray();
            var waitsSince = new long[Nodes];
            for (var step = 0; step < 2_000; step++)
            {
                foreach (var (index, flow) in flows.Index())
                {
                    if (flow.IsReady || random.Next(4) != 0)
                        continue;
                    waitsSince[index] = link.Sent;
                    link.Demand(flow, random.Next(3) switch { 0 => 1, 1 => random.Next(1, 64 << 10), _ => random.Next(1, 1 << 20) });
                }

                var chosen = link.SendFrame(random.Next(2 << 10, 64 << 10));
                foreach (var (index, flow) in flows.Index())
                {
                    if (ReferenceEquals(flow, chosen))
                        waitsSince[index] = link.Sent;

                    // Sustained flows have a twentieth of this link.
                    var limit = Nodes * TierScheduler.Quantum * (flow.Sustained ? 30L : 3);
                    if (flow.IsReady && link.Sent - waitsSince[index] > limit)
                        Assert.Fail($"flow {index} starves in sequence {seed}");
                }
            }
        }
    }

    [Fact]
    public void No_step_allocates()
    {
        var scheduler = new TierScheduler();
        var flows = Enumerable.Range(0, 8).Select(i => new Flow { Sustained = i == 7 }).ToArray();
        var now = 0L;
        Allocation.AssertNone(() =>
        {
            foreach (var flow in flows)
            {
                scheduler.EnqueueControl(flow);
                scheduler.EnqueueData(flow);
            }

            for (var i = 0; i < 100; i++)
            {
                var turn = scheduler.Next(now++);
                if (turn.IsControl)
                    scheduler.ChargeControl(turn.Node!, 13);
                else if (turn.Node is not null)
                    scheduler.ChargeData(turn.Node, 16 << 10);
            }

            foreach (var flow in flows)
                scheduler.RemoveData(flow);
        });
    }

    private sealed class Model(Random random)
    {
        private readonly TierScheduler _scheduler = new();
        private readonly Flow[] _nodes = [.. Enumerable.Range(0, Nodes).Select(_ => new Flow())];
        private readonly HashSet<SchedulerNode> _data = [];
        private readonly List<SchedulerNode> _control = [];
        private long _now = random.Next(1_000);

        public void Step()
        {
            var node = _nodes[random.Next(Nodes)];
            switch (random.Next(8))
            {
                case 0 or 1:
                    _scheduler.EnqueueData(node);
                    _data.Add(node);
                    break;
                case 2:
                    _scheduler.RemoveData(node);
                    _data.Remove(node);
                    break;
                case 3:
                    var urgent = random.Next(3) == 0;
                    _scheduler.EnqueueControl(node, urgent);
                    if (!_control.Contains(node))
                        _control.Insert(urgent ? 0 : _control.Count, node);
                    break;
                case 4:
                    // A stream does this when its tier changes.
                    _scheduler.RemoveData(node);
                    node.Sustained = !node.Sustained;
                    if (_data.Contains(node))
                        _scheduler.EnqueueData(node);
                    break;
                default:
                    Turn();
                    break;
            }

            Check();
        }

        private void Turn()
        {
            _now += random.Next(3) == 0 ? random.Next(500) : 0;
            var turn = _scheduler.Next(_now);
            if (turn.IsControl)
            {
                Assert.Same(_control[0], turn.Node);
                _control.RemoveAt(0);
                _scheduler.ChargeControl(turn.Node!, random.Next(1, 20_000));
            }
            else if (turn.Node is { } node)
            {
                Assert.Contains(node, _data);
                Assert.InRange(turn.Bytes, 1, int.MaxValue);
                if (random.Next(5) > 0)
                    _scheduler.ChargeData(node, random.Next(1, Math.Min(turn.Bytes, 65_507) + 1));
                if (random.Next(2) == 0)
                    return;
                _scheduler.RemoveData(node);
                _data.Remove(node);
            }
            else
            {
                Assert.Empty(_data);
                Assert.Empty(_control);
            }
        }

        private void Check()
        {
            Assert.Equal(_data.Count, _scheduler.ReadyFlows);
            Assert.Equal(_data.Count + _control.Count > 0, _scheduler.HasWork);
            foreach (var node in _nodes)
            {
                Assert.Equal(_data.Contains(node), node.IsReady);
                if (node.List is { } list)
                    CheckLinks(list, node);
                else
                    Assert.Equal((null, null), (node.Next, node.Previous));
            }
        }

        private static void CheckLinks(NodeList list, SchedulerNode member)
        {
            var (count, found) = (0, false);
            SchedulerNode? previous = null;
            for (var node = list.First; node is not null; previous = node, node = node.Next, count++)
            {
                Assert.Same(list, node.List);
                Assert.Same(previous, node.Previous);
                found |= ReferenceEquals(node, member);
                Assert.True(count < list.Count);
            }

            Assert.Same(list.Last, previous);
            Assert.Equal(list.Count, count);
            Assert.True(found);
        }
    }
}
