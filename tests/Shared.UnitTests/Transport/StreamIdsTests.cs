using Tunnel.Shared.Transport;

namespace Tunnel.Shared.UnitTests.Transport;

public sealed class StreamIdsTests
{
    [Fact]
    public void The_edges_one_counter_starts_at_1_and_rises()
    {
        var ids = new StreamIds();
        Assert.Equal([1u, 2u, 3u], Enumerable.Range(0, 3).Select(_ => ids.Next()));
    }

    [Fact]
    public void Near_the_end_of_the_numbers_there_are_no_more()
    {
        var ids = new StreamIds(uint.MaxValue - 1026);
        Assert.Equal([uint.MaxValue - 1025, uint.MaxValue - 1024, 0u, 0u], Enumerable.Range(0, 4).Select(_ => ids.Next()));
    }

    [Fact]
    public void The_end_is_told_of_long_before_it()
    {
        var ids = new StreamIds(StreamIds.NearEnd - 2);
        Assert.Equal(StreamIds.NearEnd - 1, ids.Next());
        Assert.False(ids.Ending.IsCompleted);
        Assert.Equal(StreamIds.NearEnd, ids.Next());
        Assert.True(ids.Ending.IsCompleted);
    }

    [Fact]
    public void Lanes_that_take_them_at_once_never_get_the_same()
    {
        var ids = new StreamIds();
        var taken = new uint[4][];
        Parallel.For(0, taken.Length, lane => taken[lane] = [.. Enumerable.Range(0, 10_000).Select(_ => ids.Next())]);
        Assert.Equal(Enumerable.Range(1, 40_000).Select(static id => (uint)id), taken.SelectMany(static lane => lane).Order());
        Assert.All(taken, static lane => Assert.Equal(lane.Order(), lane));
    }
}
