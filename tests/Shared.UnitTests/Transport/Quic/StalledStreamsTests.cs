using Microsoft.Extensions.Logging.Abstractions;
using Tunnel.Shared.Transport;
using Tunnel.Shared.Transport.Quic.Streams;
using Tunnel.TestUtilities;

namespace Tunnel.Shared.UnitTests.Transport.Quic;

public sealed class StalledStreamsTests
{
    private readonly ManualTimeProvider _time = new();
    private readonly TransportContext _context;
    private readonly StalledStreams _stalled;
    private readonly FakeStream _stream = new();
    private readonly OutputPriority _priority;

    public StalledStreamsTests()
    {
        _context = new TransportContext(new FlowControlOptions(), _time, NullLoggerFactory.Instance);
        _stalled = new StalledStreams(_context);
        _priority = new OutputPriority(_stalled, _stream);
    }

    [Fact]
    public void A_stream_whose_peer_takes_nothing_goes_behind_the_others_until_it_takes_something()
    {
        Block();
        Pass(StalledStreams.PatienceMilliseconds - 1);
        Assert.False(_stream.IsLow);
        Pass(1);
        Assert.True(_stream.IsLow);

        Progress();
        Assert.False(_stream.IsLow);
        Block();
        Pass(StalledStreams.PatienceMilliseconds);
        Assert.True(_stream.IsLow);
    }

    [Fact]
    public void A_stream_that_is_often_blocked_and_goes_on_keeps_its_priority()
    {
        for (var i = 0; i < 100; i++)
        {
            Block();
            Pass(StalledStreams.PatienceMilliseconds / 2);
            Progress();
        }

        Block();
        Assert.Equal(0, _stream.Changes);

        // The stream is still looked after.
        Pass(StalledStreams.PatienceMilliseconds);
        Pass(StalledStreams.PatienceMilliseconds);
        Assert.True(_stream.IsLow);
    }

    [Fact]
    public void Bulk_stays_behind_the_others_when_its_peer_takes_something_again()
    {
        _priority.IsSustained = true;
        Block();
        Pass(StalledStreams.PatienceMilliseconds);
        Progress();
        Assert.True(_stream.IsLow);
        _priority.IsSustained = false;
        Progress();
        Assert.False(_stream.IsLow);
        Assert.Equal(2, _stream.Changes);
    }

    [Fact]
    public void Each_of_many_streams_is_found()
    {
        var streams =
            Enumerable.Range(0, 1_000).Select(_ => new FakeStream { IsBlocked = true, LastProgress = _context.NowMilliseconds }).ToArray();
        foreach (var stream in streams)
            new OutputPriority(_stalled, stream).OnBlocked();
        Pass(StalledStreams.PatienceMilliseconds);
        Assert.All(streams, static stream => Assert.True(stream.IsLow));
    }

    private void Block()
    {
        _stream.IsBlocked = true;
        _priority.OnBlocked();
    }

    private void Progress()
    {
        (_stream.IsBlocked, _stream.LastProgress) = (false, _context.NowMilliseconds);
        _priority.OnProgress();
    }

    private void Pass(long milliseconds)
    {
        _time.Advance(TimeSpan.FromMilliseconds(milliseconds));
        _stalled.Check();
    }

    private sealed class FakeStream : IPrioritized
    {
        public bool IsBlocked { get; set; }

        public long LastProgress { get; set; }

        public bool IsLow { get; private set; }

        public int Changes { get; private set; }

        public void SetLowPriority(bool low)
        {
            IsLow = low;
            Changes++;
        }
    }
}
