using Tunnel.Shared.Transport.Buffers;

namespace Tunnel.Shared.UnitTests.Transport.Buffers;

public class MemoryBudgetTests
{
    [Fact]
    public void What_does_not_fit_is_not_taken()
    {
        var budget = new MemoryBudget(100);
        Assert.True(budget.TryTake(60));
        Assert.False(budget.TryTake(41));
        Assert.Equal(60, budget.Used);
        Assert.True(budget.TryTake(40));
        Assert.False(budget.TryTake(1));
        budget.Return(100);
        Assert.Equal((0, 100), (budget.Used, budget.Limit));
    }

    [Fact]
    public void It_is_short_above_three_quarters()
    {
        var budget = new MemoryBudget(1000);
        Assert.True(budget.TryTake(750));
        Assert.False(budget.IsShort);
        Assert.True(budget.TryTake(1));
        Assert.True(budget.IsShort);
        budget.Return(1);
        Assert.False(budget.IsShort);
    }

    [Fact]
    public void Many_threads_never_hold_more_than_the_limit()
    {
        const int Piece = 16 << 10;
        var budget = new MemoryBudget(10 * Piece);
        long held = 0;
        Parallel.For(0, 8, _ =>
        {
            for (var i = 0; i < 20_000; i++)
            {
                if (!budget.TryTake(Piece))
                    continue;
                Assert.InRange(Interlocked.Add(ref held, Piece), 1, budget.Limit);
                Interlocked.Add(ref held, -Piece);
                budget.Return(Piece);
            }
        });
        Assert.Equal(0, budget.Used);
    }
}
