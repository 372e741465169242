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
    public void Thousands_of_streams_that_send_a_byte_each_can_all_be_moved()
    {
        var streams = Enumerable.Range(0, 20_000).Select(_ => new SentBytes(_pool, _share)).ToList();

        foreach (var stream in streams)
            stream.Append([(byte)1]);

        Assert.All(streams, static stream => Assert.Equal((0, 1), (stream.From, stream.End)));
        Assert.InRange(_budget.Used, 1, _budget.SentLimit);
        foreach (var stream in streams)
            stream.Trim(1);
        Assert.Equal(0, _budget.Used);
        Assert.True(_share.TryTake((int)_budget.SentLimit));
    }

    [Fact]
    public void What_begins_with_a_keystroke_and_goes_on_as_bulk_is_kept_whole()
    {
        var data = new byte[256 << 10];
        new Random(1).NextBytes(data);
        var stream = new SentBytes(_pool, _share);
        for (int sent = 0, count = 1; sent < data.Length; sent += count, count = Math.Min(3 * count, data.Length - sent))
            stream.Append(data.AsSpan(sent, count));

        foreach (var from in new[] { 0, 1, 511, 512, 513, SegmentPool.SmallSize + 511, SegmentPool.SmallSize + 512, data.Length })
        {
            stream.Trim(from);
            var read = new byte[data.Length - from];
            for (int offset = from, count; (count = stream.Read(offset, read.AsSpan(offset - from))) > 0;)
                offset += count;
            Assert.Equal(data[from..], read);
        }

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
