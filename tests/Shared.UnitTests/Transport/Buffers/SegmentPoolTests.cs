using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using Tunnel.Shared.Transport.Buffers;

namespace Tunnel.Shared.UnitTests.Transport.Buffers;

public unsafe partial class SegmentPoolTests
{
    private const int Page = 4096;
    private const int Limit = 8 << 20;

    [Fact]
    public void It_gives_what_the_budget_has_room_for_small_ones_last()
    {
        var budget = new MemoryBudget((2 * SegmentPool.LargeSize) + (2 * SegmentPool.SmallSize) + 100);
        var pool = new SegmentPool(budget);
        var rented = RentAll(pool, large: true);
        Assert.Equal(
            [SegmentPool.LargeSize, SegmentPool.LargeSize, SegmentPool.SmallSize, SegmentPool.SmallSize],
            rented.Select(segment => segment.Size));
        Assert.Null(pool.TryRent(large: false));
        pool.Return(rented[3]);
        Assert.Same(rented[3], pool.TryRent(large: true));
        rented.ForEach(pool.Return);
        Assert.Equal(0, budget.Used);
    }

    [Fact]
    public void What_is_not_in_use_takes_no_memory_but_for_a_sixteenth_of_the_budget_of_each_size()
    {
        var pool = new SegmentPool(new MemoryBudget(Limit));
        var small = RentAll(pool, large: false);
        Assert.Equal(Limit, Resident(small));
        small.ForEach(pool.Return);
        Assert.Equal(Limit / 16, Resident(small));

        // After a surge of one size, the other size may have all of the budget: an array pool would hold both.
        var large = RentAll(pool, large: true);
        Assert.Equal(Limit, Resident(large));
        Assert.Equal(Limit / 16, Resident(small));
        large.ForEach(pool.Return);
        Assert.Equal(2 * (Limit / 16), Resident(small) + Resident(large));
    }

    [Fact]
    public void What_is_kept_for_the_next_use_is_given_up_when_the_process_is_calm()
    {
        var pool = new SegmentPool(new MemoryBudget(Limit));
        var small = RentAll(pool, large: false);
        var used = small[^1];
        small[..^1].ForEach(pool.Return);
        used.GetSpan().Fill(7);

        pool.ReleaseKept();

        Assert.Equal(used.Size, Resident(small));
        Assert.Equal(-1, used.GetSpan().IndexOfAnyExcept((byte)7));
        Assert.Equal(small.Count - 1, RentAll(pool, large: false).Count);
    }

    [Fact]
    public void After_a_surge_the_same_memory_is_used_again()
    {
        var pool = new SegmentPool(new MemoryBudget(Limit));
        var first = RentAll(pool, large: false);
        first.ForEach(pool.Return);
        Assert.Equal(first.ToHashSet(), RentAll(pool, large: false).ToHashSet());
    }

    [Fact]
    public void A_segment_is_nobody_elses_while_it_is_rented()
    {
        var budget = new MemoryBudget(1 << 20);
        var pool = new SegmentPool(budget);
        var rented = new ConcurrentDictionary<Segment, int>();
        Parallel.For(0, 8, worker =>
        {
            var random = new Random(worker);
            var mine = new Queue<Segment>();
            for (var step = 0; step < 20_000; step++)
            {
                if (random.Next(2) == 0 && pool.TryRent(large: random.Next(2) == 0) is { } segment)
                {
                    Assert.True(rented.TryAdd(segment, worker), "rented twice");
                    segment.GetSpan().Fill((byte)worker);
                    mine.Enqueue(segment);
                }
                else if (mine.TryDequeue(out var oldest))
                {
                    Assert.Equal(-1, oldest.GetSpan().IndexOfAnyExcept((byte)worker));
                    Assert.True(rented.TryRemove(oldest, out _));
                    pool.Return(oldest);
                }
            }

            while (mine.TryDequeue(out var last))
            {
                rented.TryRemove(last, out _);
                pool.Return(last);
            }
        });
        Assert.Equal(0, budget.Used);
    }

    [Fact]
    public void Its_memory_can_be_pinned_and_sliced()
    {
        var pool = new SegmentPool(new MemoryBudget(1 << 20));
        var segment = pool.TryRent(large: false)!;
        segment.GetSpan()[5] = 7;
        var memory = segment.Memory[5..];
        using var pin = memory.Pin();
        Assert.Equal((7, SegmentPool.SmallSize - 5), (*(byte*)pin.Pointer, memory.Length));
        Assert.Throws<ArgumentOutOfRangeException>(() => segment.Pin(-1));
    }

    private static List<Segment> RentAll(SegmentPool pool, bool large)
    {
        var rented = new List<Segment>();
        while (pool.TryRent(large) is { } segment)
        {
            segment.GetSpan().Fill(1);
            rented.Add(segment);
        }

        return rented;
    }

    private static long Resident(IEnumerable<Segment> segments)
    {
        var resident = 0L;
        Span<byte> pages = stackalloc byte[SegmentPool.LargeSize / Page];
        foreach (var segment in segments)
        {
            using var pin = segment.Pin();
            fixed (byte* states = pages)
                Assert.Equal(0, mincore(pin.Pointer, (nuint)segment.Size, states));
            foreach (var state in pages[..(segment.Size / Page)])
                resident += (state & 1) * Page;
        }

        return resident;
    }

    [LibraryImport("libc")]
    private static partial int mincore(void* start, nuint length, byte* states);
}
