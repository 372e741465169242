using Tunnel.Edge.Connecting;
using Tunnel.Edge.UnitTests.Fakes;

namespace Tunnel.Edge.UnitTests.Connecting;

public sealed class ConnectionStateTests
{
    private readonly ConnectionState _state = new(TimeProvider.System);

    [Fact]
    public void The_end_of_a_tunnel_that_was_replaced_takes_nothing_from_the_one_in_its_place()
    {
        var (lost, next) = (new FakeTunnel(), new FakeTunnel());
        _state.NoteConnected(lost, TransportChoice.Configured);
        _state.NoteLost("cut");

        // The watcher of the lost tunnel may be late.
        _state.NoteConnected(next, TransportChoice.Configured);
        _state.NoteEnd(lost, "the hub has not kept what was open");

        Assert.True(_state.Current.Connected);
        Assert.Null(_state.Current.LastError);

        _state.NoteEnd(next, "cut");
        Assert.False(_state.Current.Connected);
        Assert.Equal("cut", _state.Current.LastError);
    }

    [Fact]
    public void Since_when_the_streams_of_a_lost_tunnel_wait_is_told_until_there_is_another_or_none_waits()
    {
        var (lost, next) = (new FakeTunnel { StreamsToMove = 2 }, new FakeTunnel { StreamsToMove = 1 });
        _state.NoteConnected(lost, TransportChoice.Configured);
        _state.NoteEnd(lost, "cut");
        Assert.False(_state.Current.Connected);
        Assert.NotNull(_state.Current.LostSince);

        // What settles later is not what the next tunnel has lost.
        _state.NoteConnected(next, TransportChoice.Configured);
        Assert.Null(_state.Current.LostSince);
        _state.NoteEnd(next, "cut");
        _state.NoteSettled(lost);
        _state.NoteEnd(new FakeTunnel(), "the hub went away before it counted");
        Assert.NotNull(_state.Current.LostSince);

        _state.NoteSettled(next);
        Assert.Null(_state.Current.LostSince);
    }

    [Fact]
    public void A_tunnel_that_ends_before_it_counts_says_why()
    {
        _state.NoteEnd(new FakeTunnel(), "refused");
        Assert.Equal("refused", _state.Current.LastError);
    }
}
