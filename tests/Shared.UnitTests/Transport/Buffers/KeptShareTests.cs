using Tunnel.Shared.Transport.Buffers;

namespace Tunnel.Shared.UnitTests.Transport.Buffers;

public class KeptShareTests
{
    private const int Batch = 64 << 10;
    private const string Hostile = "hostile";
    private const string Other = "other";

    private readonly MemoryBudget _budget = new(200 << 20);
    private readonly KeptMemory _memory;

    public KeptShareTests() => _memory = new KeptMemory(_budget);

    [Theory]
    [InlineData(1)]
    [InlineData(8)]
    [InlineData(10_000)]
    public void A_peer_that_acknowledges_nothing_holds_no_more_over_many_connections(int connections)
    {
        var hostile = _memory.Open(Hostile);
        var most = Fill(hostile, connections);

        Assert.InRange(hostile.Held, _memory.Limit / 2, (_memory.Limit * 2 / 3) + _memory.Reserve + Batch);
        Assert.InRange(most, Batch, (_memory.Limit / 2) + Batch);
        Assert.InRange(_memory.Free, (_memory.Limit / 3) - Batch, _memory.Limit);
    }

    [Fact]
    public void Peers_that_come_later_find_room_each_and_none_can_take_it_all()
    {
        for (var peer = 0; peer < 100; peer++)
        {
            var held = Fill(_memory.Open($"edge-{peer}"), connections: 100);
            Assert.True(held >= Batch, $"edge-{peer} holds {held}");
        }

        Assert.InRange(_memory.Free, 0, _memory.Limit);
    }

    [Fact]
    public void What_one_peer_gives_back_the_others_may_take()
    {
        var first = new KeptHolding(_memory.Open(Hostile));
        Fill(ref first);
        var other = _memory.Open(Other);
        var room = other.RoomFor(0);
        first.Return((int)first.Bytes);

        Assert.InRange(other.RoomFor(0), room + 1, 2 * _memory.Limit);
        Assert.Equal(_memory.Limit, _memory.Free);
    }

    [Fact]
    public void A_peer_that_holds_more_than_it_may_since_others_have_come_keeps_it_and_has_its_reserve()
    {
        var share = _memory.Open(Other);
        var large = new KeptHolding(share);
        Fill(ref large);
        for (var i = 0; i < 20; i++)
            Fill(_memory.Open($"{Hostile}-{i}"), connections: 10);
        Assert.Equal(0, large.Room);
        Assert.InRange(large.Bytes, (_memory.Limit / 2) - Batch, _memory.Limit);

        // Control still goes, and a connection that holds little, which leaves half of the reserve to control.
        Assert.True(large.TryTake(Batch));
        while (new KeptHolding(share).Room > 0)
        {
            var small = new KeptHolding(share);
            Assert.InRange(small.Room, 1, Batch);
            small.Take(Batch);
        }

        Assert.True(large.TryTake(Batch));
        while (large.TryTake(Batch))
            Assert.InRange(share.Held, 0, (_memory.Limit / 2) + _memory.Reserve + Batch);
    }

    [Fact]
    public void What_was_promised_finds_room_though_others_have_taken_it_and_all_of_it_is_given_back()
    {
        var share = _memory.Open(Other);
        var holding = new KeptHolding(share);
        Fill(ref holding);
        while (holding.TryTake(Batch))
        {
        }

        holding.Take(Batch);
        holding.Return((int)holding.Bytes - 1);
        Assert.Equal(1, share.Held);
        holding.Return(1);

        Assert.Equal(0, share.Held);
        Assert.Equal(_memory.Limit, _memory.Free);
        Assert.True(share.TryTakeReserve((int)_memory.Reserve));
    }

    [Fact]
    public void While_the_whole_budget_is_short_each_holds_a_batch()
    {
        Assert.True(_budget.TryTake((int)(_budget.Limit / 8 * 7)));
        var holding = new KeptHolding(_memory.Open(Other));
        Fill(ref holding);

        Assert.Equal(Batch, holding.Bytes);
    }

    [Fact]
    public void A_share_lasts_as_long_as_a_tunnel_of_the_peer_and_what_is_given_back_later_still_counts()
    {
        var share = _memory.Open(Other);
        Assert.Same(share, _memory.Open(Other));
        Assert.NotSame(share, _memory.Open(Hostile));
        Assert.NotSame(_memory.Open(peer: null), _memory.Open(peer: null));
        var holding = new KeptHolding(share);
        holding.Take(Batch);
        share.Close();
        Assert.Same(share, _memory.Open(Other));
        share.Close();
        share.Close();
        Assert.Equal(1, _memory.Peers);
        Assert.NotSame(share, _memory.Open(Other));

        holding.Return(Batch);
        Assert.Equal(_memory.Limit, _memory.Free);
    }

    [Fact]
    public void Threads_take_and_give_back_and_nothing_is_lost()
    {
        var shares = (KeptShare[])[_memory.Open(Hostile), _memory.Open(Other)];
        Parallel.For(0, 8, thread =>
        {
            var holding = new KeptHolding(shares[thread % 2]);
            for (var i = 0; i < 20_000; i++)
            {
                if (holding.Room > 0)
                    holding.Take(Batch);
                else
                    holding.Return((int)holding.Bytes);
            }

            holding.Return((int)holding.Bytes);
        });

        Assert.All(shares, static share => Assert.Equal(0, share.Held));
        Assert.Equal(_memory.Limit, _memory.Free);
    }

    // All take turns until each of them may hold no more. Returns what the first one holds.
    private static long Fill(KeptShare share, int connections)
    {
        var holdings = new KeptHolding[connections];
        Array.Fill(holdings, new KeptHolding(share));
        for (var moved = true; moved;)
        {
            moved = false;
            foreach (ref var holding in holdings.AsSpan())
            {
                if (holding.Room == 0)
                    continue;
                holding.Take(Batch);
                moved = true;
            }
        }

        return holdings[0].Bytes;
    }

    private static void Fill(ref KeptHolding holding)
    {
        while (holding.Room > 0)
            holding.Take(Math.Min(Batch, holding.Room));
    }
}
