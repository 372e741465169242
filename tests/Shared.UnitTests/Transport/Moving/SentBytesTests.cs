using Tunnel.Shared.Transport.Buffers;
using Tunnel.Shared.Transport.Moving;

namespace Tunnel.Shared.UnitTests.Transport.Moving;

public class SentBytesTests
{
    /// <summary>What a stream sends at once.</summary>
    private const int Batch = 128 << 10;

    private readonly MemoryBudget _budget = new(200 << 20);
    private readonly SegmentPool _pool;
    private readonly MemoryShare _share;

    public SentBytesTests()
    {
        _pool = new SegmentPool(_budget);
        _share = new MemoryShare(_budget);
    }

    [Theory]
    [InlineData(1, 70)]
    [InlineData(32, 70)]
    [InlineData(100, 70)]
    public void Streams_that_come_later_can_be_moved_although_the_first_ones_are_not_acknowledged(int first, int later)
    {
        var streams = new List<SentBytes>();
        Fill(streams, first, Batch);

        // The link is dead by now, and the later ones still send a little before that is noticed.
        Fill(streams, later, 16 << 10);

        Assert.All(streams, static stream => Assert.True(stream.End > 0));
        foreach (var stream in streams)
            stream.Forget();
        Assert.Equal(0, _budget.Used);
    }

    [Fact]
    public void While_memory_is_short_a_stream_waits_and_keeps_what_it_has_sent()
    {
        var stream = new SentBytes(_pool, _share);
        Assert.True(_budget.TryTake((int)(_budget.Limit / 8 * 7)));

        while (!stream.IsFull)
            stream.Append(new byte[Math.Min(Batch, stream.Room)]);

        Assert.Equal(0, stream.From);
        Assert.InRange(stream.End, SentBytes.Least, 2 * SentBytes.Least);
    }

    // All take turns until each of them waits.
    private void Fill(List<SentBytes> streams, int count, int batch)
    {
        for (var i = 0; i < count; i++)
            streams.Add(new SentBytes(_pool, _share));
        while (streams.Exists(static stream => !stream.IsFull))
        {
            foreach (var stream in streams.Where(static stream => !stream.IsFull))
            {
                stream.Append(new byte[Math.Min(batch, stream.Room)]);
                Assert.Equal(0, stream.From);
            }
        }
    }
}
