using Microsoft.Extensions.Logging.Abstractions;
using Tunnel.Shared.Protocol.Frames;
using Tunnel.Shared.Transport;
using Tunnel.Shared.Transport.Mux.Core;
using Tunnel.Shared.Transport.Mux.Sessions;
using Tunnel.Shared.Transport.Mux.Streams;
using Tunnel.TestUtilities;
using Tunnel.TestUtilities.Mux;

namespace Tunnel.Shared.UnitTests.Transport.Mux.Core;

/// <summary>The table of open flows serves streams and sessions.</summary>
public sealed class FlowTableTests
{
    private readonly MuxStreams _streams;
    private readonly MuxSessions _sessionsOfEnd;
    private readonly FlowTable<MuxSession> _sessions;

    public FlowTableTests()
    {
        var context = new Tunnel.Shared.Transport.TransportContext(
            new FlowControlOptions(), new ManualTimeProvider(), NullLoggerFactory.Instance);
        var endpoint = new MuxEnd(isEdge: false, context).Endpoint;
        (_streams, _sessionsOfEnd) = (endpoint.Streams, endpoint.Sessions);
        _sessions = _sessionsOfEnd.Table;
    }

    [Fact]
    public void An_open_stream_is_found_a_closed_one_is_late_and_one_never_opened_breaks_the_protocol()
    {
        var stream = Stream(3);
        _streams.CheckNew(Frame(3));
        _streams.Add(stream);
        Assert.Same(stream, _streams.Find(Frame(3)));
        Assert.True(stream.IsKnown);

        // The id was never opened, but is below the highest: the counter of the edge is shared with sessions.
        Assert.Null(_streams.Find(Frame(2)));
        Assert.Contains("never opened", Assert.Throws<FrameViolationException>(() => _streams.Find(Frame(4))).Message);

        _streams.Remove(stream);
        Assert.False(stream.IsKnown);
        Assert.Null(_streams.Find(Frame(3)));
        Assert.Throws<FrameViolationException>(() => _streams.Find(Frame(4)));
        Assert.Empty(_streams.All);
    }

    [Fact]
    public void Sessions_are_apart_from_streams()
    {
        _streams.Add(Stream(9));
        Assert.Throws<FrameViolationException>(() => _sessions.Find(Frame(5)));
        var session = Session(5);
        _sessions.CheckNew(Frame(5));
        _sessions.Add(5, session);
        Assert.Same(session, _sessions.Find(Frame(5)));
        Assert.Null(_streams.Find(Frame(5)));
        Assert.Equal((1, 9u), (_sessions.Count, _streams.Highest));
        _sessions.Remove(5);
        Assert.Null(_sessions.Find(Frame(5)));
        Assert.Throws<FrameViolationException>(() => _sessions.Find(Frame(6)));
        Assert.Throws<FrameViolationException>(() => _sessions.CheckNew(Frame(5)));
    }

    [Fact]
    public void An_id_is_opened_once()
    {
        _streams.Add(Stream(3));
        Assert.Throws<FrameViolationException>(() => _streams.CheckNew(Frame(3)));
        Assert.Throws<FrameViolationException>(() => _streams.CheckNew(Frame(2)));
        _streams.CheckNew(Frame(4));
        _streams.CheckNew(Frame(uint.MaxValue));
    }

    [Fact]
    public void The_last_of_all_numbers_is_like_any_other()
    {
        _streams.Add(Stream(uint.MaxValue));
        Assert.Null(_streams.Find(Frame(4_294_966_999)));
        Assert.NotNull(_streams.Find(Frame(uint.MaxValue)));
        Assert.Throws<FrameViolationException>(() => _streams.CheckNew(Frame(uint.MaxValue)));
    }

    [Fact]
    public void A_stream_that_left_does_not_take_another_with_it()
    {
        var stream = Stream(1);
        _streams.Add(stream);
        _streams.Remove(stream);
        _streams.Remove(stream);
        _streams.Add(Stream(2));
        _streams.Remove(stream);
        Assert.Single(_streams.All);
    }

    private MuxStream Stream(uint id) => new(_streams, id, default, weOpen: false);

    private MuxSession Session(uint id) => new(_sessionsOfEnd, id, default, weOpen: false);

    private static FrameHeader Frame(uint id) => new(id, FrameType.Data, 1);
}
