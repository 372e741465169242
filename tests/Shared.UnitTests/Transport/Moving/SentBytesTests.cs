using Tunnel.Shared.Transport.Buffers;
using Tunnel.Shared.Transport.Moving;

namespace Tunnel.Shared.UnitTests.Transport.Moving;

public class SentBytesTests
{
    /// <summary>What a stream sends at once.</summary>
    private const int Batch = 128 << 10;

    private readonly MemoryBudget _budget = new(200 << 20);
    private readonly SegmentPool _pool;
    private readonly KeptMemory _memory;
    private readonly KeptShare _share;

    public SentBytesTests()
    {
        _pool = new SegmentPool(_budget);
        _memory = new KeptMemory(_budget);
        _share = _memory.Open("edge");
    }

    [Theory]
    [InlineData(1, 70)]
    [InlineData(32, 70)]
    [InlineData(100, 70)]
    public void Streams_that_come_later_can_be_moved_although_the_first_ones_are_not_acknowledged(int first, int later)
    {
        var streams = new List<SentBytes>();
        Fill(streams, _share, first, Batch);

        // The link is dead by now, and the later ones still send a little before that is noticed.
        Fill(streams, _share, later, 16 << 10);

        Assert.All(streams, static stream => Assert.True(stream.End > 0));
        Free(streams);
    }

    [Fact]
    public void A_peer_that_acknowledges_nothing_on_thousands_of_streams_takes_nothing_from_the_streams_of_another()
    {
        var hostile = new List<SentBytes>();
        var share = _memory.Open("hostile");
        for (var i = 0; i < 10_000; i++)
        {
            var stream = new SentBytes(_pool, share);
            hostile.Add(stream);
            Send(stream, 16 << 10);
        }

        foreach (var stream in hostile)
        {
            while (!stream.IsFull && stream.Room < int.MaxValue)
                Send(stream, Batch);
        }

        Assert.InRange(share.Held, _memory.Limit / 2, (_memory.Limit * 2 / 3) + _memory.Reserve + Batch);

        var streams = new List<SentBytes>();
        Fill(streams, _share, 60, Batch);
        Assert.All(streams, static stream => Assert.InRange(stream.End, SegmentPool.LargeSize, long.MaxValue));
        foreach (var stream in streams)
        {
            stream.Trim(stream.End);
            Assert.InRange(stream.Room, 1, int.MaxValue - 1);
        }

        Free([.. streams, .. hostile]);
    }

    [Fact]
    public void Thousands_of_streams_that_send_a_byte_each_can_all_be_moved()
    {
        var streams = Enumerable.Range(0, 20_000).Select(_ => new SentBytes(_pool, _share)).ToList();

        foreach (var stream in streams)
            stream.Append([(byte)1], hasRoom: true);

        Assert.All(streams, static stream => Assert.Equal((0, 1), (stream.From, stream.End)));
        Assert.InRange(_budget.Used, 1, _memory.Limit);
        foreach (var stream in streams)
            stream.Trim(1);
        Assert.Equal(0, _budget.Used);
        Assert.Equal(_memory.Limit, _memory.Free);
    }

    [Fact]
    public void What_begins_with_a_keystroke_and_goes_on_as_bulk_is_kept_whole()
    {
        var data = new byte[256 << 10];
        new Random(1).NextBytes(data);
        var stream = new SentBytes(_pool, _share);
        for (int sent = 0, count = 1; sent < data.Length; sent += count, count = Math.Min(3 * count, data.Length - sent))
            stream.Append(data.AsSpan(sent, count), hasRoom: true);

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
            Send(stream, Batch);

        Assert.Equal(0, stream.From);
        Assert.InRange(stream.End, KeptShare.Least, 2 * KeptShare.Least);
    }

    [Fact]
    public void Where_its_peer_may_hold_no_more_a_stream_waits_with_what_it_has_and_one_that_has_nothing_goes_on()
    {
        var stream = new SentBytes(_pool, _share);
        Send(stream, 1);
        _share.Take((int)_memory.Limit);
        Assert.True(_share.TryTakeReserve((int)_memory.Reserve));

        // There is room behind the byte that it keeps.
        while (!stream.IsFull)
            Send(stream, 1_000);
        Assert.Equal((0, SegmentPool.TinySize), (stream.From, stream.End));

        // What it has is acknowledged, and nobody has to acknowledge what it sends then.
        stream.Trim(stream.End);
        Assert.False(stream.IsFull);
        Send(stream, 1_000);
        Assert.Equal(stream.End, stream.From);
        Assert.False(stream.IsFull);

        _share.Return(_memory.Limit);
        Send(stream, 1_000);
        Assert.Equal(1_000, stream.End - stream.From);
    }

    // All take turns until each of them waits.
    private void Fill(List<SentBytes> streams, KeptShare share, int count, int batch)
    {
        for (var i = 0; i < count; i++)
            streams.Add(new SentBytes(_pool, share));
        while (streams.Exists(static stream => !stream.IsFull))
        {
            foreach (var stream in streams.Where(static stream => !stream.IsFull))
            {
                Send(stream, batch);
                Assert.Equal(0, stream.From);
            }
        }
    }

    private void Free(List<SentBytes> streams)
    {
        foreach (var stream in streams)
            stream.Forget();
        Assert.Equal(0, _budget.Used);
        Assert.Equal(_memory.Limit, _memory.Free);
    }

    private static void Send(SentBytes stream, int most)
    {
        var room = stream.Room;
        stream.Append(new byte[Math.Min(most, room)], hasRoom: room < int.MaxValue);
    }
}
