using System.Runtime.InteropServices;
using Tunnel.Shared.Transport.Buffers;

namespace Tunnel.Shared.UnitTests.Transport.Buffers;

public class ReceiveQueueTests
{
    private const int Segment = 16_384;
    private const int Large = 65_536;

    [Fact]
    public void What_goes_in_comes_out_whatever_the_sequence()
    {
        for (var seed = 0; seed < 1_000; seed++)
        {
            var random = new Random(seed);
            var budget = new MemoryBudget(random.Next(1, 40) * Segment);
            var model = new Model(random, budget);
            for (var step = 0; step < 60; step++)
            {
                model.Step();
                Assert.InRange(budget.Used, 0, budget.Limit);
            }

            model.Clear();
            Assert.Equal(0, budget.Used);
        }
    }

    [Fact]
    public void At_the_limit_less_is_taken()
    {
        var budget = new MemoryBudget((2 * Segment) + 100);
        var queue = new ReceiveQueue(new SegmentPool(budget));
        Assert.Equal(2 * Segment, queue.Append(new byte[3 * Segment]));
        Assert.Equal(0, queue.Append(new byte[1]));
        Assert.Equal((2 * Segment, 2 * Segment), (queue.Length, budget.Used));
        queue.Consume(Segment);
        Assert.Equal(Segment, budget.Used);
        Assert.Equal(1, queue.Append(new byte[1]));
        queue.Clear();
        Assert.Equal(0, budget.Used);
    }

    [Fact]
    public void Behind_64_KiB_in_small_segments_come_large_ones_while_the_budget_has_room_for_them()
    {
        var budget = new MemoryBudget((2 * Large) + Segment + 100);
        var queue = new ReceiveQueue(new SegmentPool(budget));
        Assert.Equal((2 * Large) + Segment, queue.Append(new byte[4 * Large]));
        List<int> sizes = [];
        while (!queue.IsEmpty)
        {
            sizes.Add(queue.Peek().Length);
            queue.Consume(sizes[^1]);
        }

        Assert.Equal([Segment, Segment, Segment, Segment, Large, Segment], sizes);
        Assert.Equal(0, budget.Used);
    }

    [Fact]
    public void Small_leftovers_count_by_what_is_rented_for_them()
    {
        var budget = new MemoryBudget(10 * Segment);
        var pool = new SegmentPool(budget);
        var queues = Enumerable.Range(0, 11).Select(_ => new ReceiveQueue(pool)).ToArray();
        Assert.Equal(10, queues.Sum(queue => queue.Append([1])));
        Assert.Equal(10 * Segment, budget.Used);
    }

    [Fact]
    public void Bytes_handed_out_stay_while_more_are_appended_and_the_rest_is_dropped()
    {
        var budget = new MemoryBudget(10 * Segment);
        var queue = new ReceiveQueue(new SegmentPool(budget));
        queue.Append(Enumerable.Repeat((byte)1, 100).ToArray());
        var handedOut = queue.Peek();
        queue.Append(Enumerable.Repeat((byte)2, 3 * Segment).ToArray());
        Assert.Equal((2 * Segment) + 100, queue.DropAllButFirst());
        Assert.All(handedOut.ToArray(), value => Assert.Equal(1, value));
        Assert.Equal(Segment, budget.Used);
        queue.Consume(handedOut.Length);
        Assert.Equal(Segment - 100, queue.Length);
        Assert.Equal(2, queue.Peek().Span[0]);
    }

    [Fact]
    public void Dropping_and_clearing_an_empty_queue_does_nothing()
    {
        var budget = new MemoryBudget(Segment);
        var queue = new ReceiveQueue(new SegmentPool(budget));
        Assert.Equal(0, queue.DropAllButFirst());
        queue.Clear();
        Assert.True(queue.IsEmpty);
        Assert.Equal(1, queue.Append([7]));
        Assert.Equal([7], queue.Peek().ToArray());
    }

    private sealed class Model(Random random, MemoryBudget budget)
    {
        private readonly ReceiveQueue _queue = new(new SegmentPool(budget));
        private readonly List<byte> _bytes = [];
        private byte _next;

        public void Step()
        {
            switch (random.Next(10))
            {
                case < 4:
                    Append(random.Next(3) switch { 0 => random.Next(1, 100), 1 => random.Next(1, 3 * Segment), _ => Segment });
                    break;
                case < 8:
                    if (!_queue.IsEmpty)
                        Consume(_queue.Peek().ToArray());
                    break;
                case 8:
                    if (!_queue.IsEmpty)
                        DropAllButFirst();
                    break;
                default:
                    if (random.Next(4) == 0)
                        Clear();
                    break;
            }

            Assert.Equal(_bytes.Count, _queue.Length);
            Assert.Equal(_bytes.Count == 0, _queue.IsEmpty);
            Assert.True(budget.Used >= _queue.Length);
            if (_queue.IsEmpty)
                Assert.Equal(0, budget.Used);
        }

        public void Clear()
        {
            _queue.Clear();
            _bytes.Clear();
            Assert.Equal(0, budget.Used);
        }

        private void Append(int count)
        {
            var data = new byte[count];
            for (var i = 0; i < count; i++)
                data[i] = _next++;
            var taken = _queue.Append(data);
            Assert.InRange(taken, 0, count);
            if (taken < count)
                Assert.True(budget.Limit - budget.Used < Segment, "there was room");
            _bytes.AddRange(data.AsSpan(0, taken));
            _next = (byte)(_next - (count - taken));
        }

        private void Consume(byte[] first)
        {
            Assert.InRange(first.Length, 1, Large);
            Assert.True(CollectionsMarshal.AsSpan(_bytes)[..first.Length].SequenceEqual(first));
            var count = random.Next(2) == 0 ? first.Length : random.Next(1, first.Length + 1);
            _queue.Consume(count);
            _bytes.RemoveRange(0, count);
        }

        private void DropAllButFirst()
        {
            var kept = _queue.Peek().Length;
            Assert.Equal(_bytes.Count - kept, _queue.DropAllButFirst());
            _bytes.RemoveRange(kept, _bytes.Count - kept);
            Assert.True(budget.Used is Segment or Large);
        }
    }
}
