using Tunnel.Shared.Protocol;
using TransportContext = Tunnel.Shared.Transport.TransportContext;

namespace Tunnel.Shared.UnitTests.Transport.Moving;

/// <summary>
/// One of the tunnels is lost while a stream goes from one to the other. The edge says how far that has come: asked (the hub has not heard
/// it), let go (the edge has not heard the answer), or gone (the edge goes on over the new one, too, and the old one still brings data).
/// </summary>
public sealed class LostOnTheWayTests : IDisposable
{
    private const int Bytes = 1_000;

    private readonly SynchronizationContext? _before = SynchronizationContext.Current;
    private CutWorld _world = null!;

    public enum Way
    {
        Asked,
        LetGo,
        Gone,
    }

    public void Dispose() => SynchronizationContext.SetSynchronizationContext(_before);

    [Theory]
    [InlineData(Way.Asked, false)]
    [InlineData(Way.LetGo, false)]
    [InlineData(Way.Gone, false)]
    [InlineData(Way.Asked, true)]
    [InlineData(Way.LetGo, true)]
    [InlineData(Way.Gone, true)]
    public void Where_the_new_tunnel_is_lost_the_old_one_brings_what_is_under_way_and_the_next_the_rest(Way way, bool keeps)
    {
        var (_, lost) = Begin(way, keeps);
        Lose(lost);
        Assert.False(_world.Client.IsGone || _world.Upstream.IsGone);

        // At the old tunnel it goes on at once, and an end is not taken for the stream's where the hub may go on elsewhere.
        _world.Settle();
        Assert.Equal(way == Way.Gone ? Bytes : 2 * Bytes, _world.Upstream.Heard);
        Assert.False(_world.Client.HeardEnd);

        _world.Edge.TryMove(lost.EdgeStreams, _world.Add(keeps: true));
        AssertGoesOn();
    }

    [Theory]
    [InlineData(Way.Asked)]
    [InlineData(Way.LetGo)]
    [InlineData(Way.Gone)]
    public void Where_the_old_tunnel_is_given_up_what_was_under_way_is_sent_again_over_the_new_one(Way way)
    {
        var (lost, next) = Begin(way, keeps: true);
        lost.Lose(atEdge: true);
        _world.Edge.TryMove(lost.EdgeStreams, next);
        _world.Turn();
        lost.Lose(atEdge: false);

        AssertGoesOn();
    }

    [Fact]
    public void An_edge_that_has_all_of_the_old_tunnel_sends_again_what_the_hub_misses_when_it_is_lost()
    {
        var (lost, next) = Begin(Way.Gone, keeps: true);

        // The hub's bytes and its end come, and the edge's don't.
        for (var i = 0; i < 4; i++)
            Carry(lost, toEdge: true);
        Assert.Null(_world.Edge.Core.Way);
        Assert.Equal(0, _world.Upstream.Heard);
        Lose(lost);
        Assert.Equal(1, lost.EdgeStreams.Waiting);

        _world.Edge.TryMove(lost.EdgeStreams, next);
        AssertGoesOn();
    }

    [Fact]
    public void A_hub_whose_upstream_is_slow_goes_on_elsewhere_once_it_has_what_an_old_tunnel_over_tls_brings()
    {
        var (_, lost) = Begin(Way.Gone, keeps: false);
        _world.Upstream.Room = 0;
        Lose(lost);
        _world.Settle();
        _world.Edge.TryMove(lost.EdgeStreams, _world.Add(keeps: true));
        _world.Settle();
        Assert.False(_world.Upstream.IsGone);

        _world.Upstream.GiveRoom(int.MaxValue);
        AssertGoesOn();
    }

    [Fact]
    public void A_stream_that_has_ended_on_the_old_tunnel_has_ended_when_the_hub_says_that_it_was_not_let_go()
    {
        var (_, lost) = Begin(Way.Asked, keeps: false);
        Lose(lost);
        _world.Upstream.SayEnd();
        _world.Client.SayEnd();
        _world.Settle();
        Assert.True(_world.Upstream.HeardEnd);
        Assert.False(_world.Client.HeardEnd);

        _world.Edge.TryMove(lost.EdgeStreams, _world.Add(keeps: true));
        _world.Settle();
        Assert.True(_world.Client.HeardEnd && _world.Client.IsClosed);
        Assert.False(_world.Client.IsGone);
    }

    [Fact]
    public void Without_another_tunnel_a_stream_goes_on_at_the_old_one_and_is_reset_only_at_an_end_that_may_not_be_its_own()
    {
        var (_, lost) = Begin(Way.Asked, keeps: false);
        lost.Carriers[0].Drop();
        Lose(lost);
        _world.Time.Advance(TransportContext.DefaultResumeGrace);
        _world.Settle();
        Assert.Equal(2 * Bytes, _world.Upstream.Heard);
        Assert.False(_world.Client.IsGone);

        _world.Upstream.SayEnd();
        _world.Settle();
        Assert.False(_world.Client.HeardEnd);
        Assert.True(_world.Client.IsGone);
    }

    [Fact]
    public void A_reset_that_overtakes_where_the_edge_begins_ends_the_stream_at_the_hub()
    {
        var (old, next) = Begin(Way.LetGo, keeps: true);
        next.Carriers[1].Pull(100);
        next.Carriers[1].Deliver();
        next.Carriers[0].Reset(ResetReason.ResetByPeer);
        next.Carriers[0].Deliver();
        next.Carriers[0].Deliver();
        Assert.False(_world.Upstream.IsGone);

        for (var i = 0; i < 4; i++)
            Carry(old, toEdge: false);
        Assert.True(_world.Upstream.IsGone);
    }

    // Each end has said something that is under way on the old tunnel, and something that it has not read yet.
    private (CutTunnel Old, CutTunnel New) Begin(Way way, bool keeps)
    {
        _world = new CutWorld(1, keeps ? CutKinds.Quic : CutKinds.Tls);
        var old = _world.Tunnels[0];
        var next = _world.Add(keeps: true);
        _world.Client.Say(Bytes);
        _world.Upstream.Say(Bytes);
        old.Carriers[0].Pull(64 << 10);
        old.Carriers[1].Pull(64 << 10);
        Assert.True(_world.Edge.TryHandOver(old.EdgeStreams, next));
        if (way != Way.Asked)
            next.Carriers[0].Deliver();
        if (way == Way.Gone)
            Carry(next, toEdge: true);
        _world.Turn();
        Assert.Equal(way != Way.Asked, _world.Hub.Core.Way is not null);
        Assert.Equal(way == Way.Gone, _world.Edge.Core.Way is { IsSwitched: true });
        _world.Client.Say(Bytes);
        _world.Upstream.Say(Bytes);
        return (old, next);
    }

    private static void Carry(CutTunnel tunnel, bool toEdge)
    {
        var carrier = tunnel.Carriers[toEdge ? 1 : 0];
        carrier.Pull(64 << 10);
        carrier.Deliver();
    }

    private void Lose(CutTunnel tunnel)
    {
        tunnel.Lose(atEdge: true);
        tunnel.Lose(atEdge: false);
        _world.Turn();
    }

    private void AssertGoesOn()
    {
        _world.Settle();
        _world.Client.Say(Bytes);
        _world.Upstream.Say(Bytes);
        _world.Client.SayEnd();
        _world.Upstream.SayEnd();
        _world.Settle();
        Assert.Equal((3L * Bytes, 3L * Bytes), (_world.Client.Heard, _world.Upstream.Heard));
        Assert.True(_world.Client.HeardEnd && _world.Upstream.HeardEnd);
        Assert.False(_world.Client.IsGone || _world.Upstream.IsGone);
    }
}
