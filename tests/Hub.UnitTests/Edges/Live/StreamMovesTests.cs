using Tunnel.Hub.Edges.Live;
using Tunnel.Hub.Events;
using Tunnel.Hub.UnitTests.Fakes;
using Tunnel.Shared.Protocol;
using Tunnel.Shared.Protocol.Messages;
using Tunnel.Shared.Protocol.Proxy;
using Tunnel.Shared.Transport;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.Hub.UnitTests.Edges.Live;

/// <summary>Streams of one tunnel go on over another (protocol.md section 8).</summary>
public sealed class StreamMovesTests
{
    private readonly TestRegistry _registry = new();

    public StreamMovesTests()
    {
        _registry.Allowed.Put(TestRegistry.Edge("a", 80));
        _registry.Allowed.Put(TestRegistry.Edge("b", 81));
    }

    [Fact]
    public async Task A_stream_of_a_tunnel_that_has_ended_is_found()
    {
        var (lost, tunnel) = Connect("a", "one");
        await tunnel.CloseAsync(new TunnelEnd(TunnelEndKind.ConnectionLost, "cut"));
        var carrier = Ask(Connect("a", "one"), lost.TunnelId);
        Assert.Equal([7u], tunnel.Moved);
        Assert.False(carrier.WasReset);
    }

    [Fact]
    public async Task A_tunnel_whose_streams_wait_is_told_of_as_lost_and_when_they_go_on_as_resumed()
    {
        var (lost, tunnel) = Connect("a", "one");
        var moved = new TaskCompletionSource<TunnelResumed>();
        (tunnel.StreamsToMove, tunnel.StreamsMoved) = (3, moved.Task);
        await tunnel.CloseAsync(new TunnelEnd(TunnelEndKind.ConnectionLost, "cut"));

        var told = await _registry.Events.NextAsync<TunnelLostEvent>();
        Assert.Equal(("a", "cut", 3), (told.EdgeId, told.Reason.Detail, told.Streams));
        Ask(Connect("a", "one"), lost.TunnelId);
        moved.SetResult(new TunnelResumed(2, 100, TimeSpan.FromSeconds(4)));

        var resumed = await _registry.Events.NextAsync<TunnelResumedEvent>();
        Assert.Equal(("a", 2, 100, 4), (resumed.EdgeId, resumed.Streams, resumed.BytesAgain, resumed.LostSeconds));
    }

    [Fact]
    public async Task Streams_that_wait_count_among_those_of_their_edge()
    {
        for (var i = 1; i <= 3; i++)
        {
            var (_, tunnel) = Connect("a", "one");
            tunnel.StreamsToMove = i;
            await tunnel.CloseAsync(new TunnelEnd(TunnelEndKind.ConnectionLost, "cut"));
        }

        var (live, newest) = Connect("a", "one");
        newest.ActiveStreams = 10;
        Assert.Equal(16, live.StreamsOfEdge);
        Assert.Equal(0, Connect("b", "one").Live.StreamsOfEdge);
    }

    [Fact]
    public void A_stream_of_a_tunnel_that_is_just_being_lost_counts_once()
    {
        var (live, tunnel) = Connect("a", "one");
        (tunnel.ActiveStreams, tunnel.StreamsToMove) = (7, 7);
        Assert.Equal(7, live.StreamsOfEdge);
        (tunnel.ActiveStreams, tunnel.StreamsToMove) = (2, 7);
        Assert.Equal(7, live.StreamsOfEdge);
    }

    [Theory]
    [InlineData("a", "one", "another")]
    [InlineData("a", "two", null)]
    [InlineData("b", "one", null)]
    public void Who_has_no_business_with_a_tunnel_gets_none_of_its_streams(string edge, string instance, string? tunnelId)
    {
        var (live, tunnel) = Connect("a", "one");
        var carrier = Ask(Connect(edge, instance), tunnelId ?? live.TunnelId);
        Assert.Empty(tunnel.Moved);
        Assert.True(carrier.WasReset);
    }

    [Fact]
    public void Of_a_tunnel_that_has_not_agreed_to_it_nothing_moves()
    {
        var (live, tunnel) = _registry.Connect("a", "one");
        Assert.True(Ask(Connect("a", "one"), live.TunnelId).WasReset);
        Assert.Empty(tunnel.Moved);
    }

    [Fact]
    public async Task Of_a_tunnel_that_is_over_no_stream_is_said_to_have_stayed()
    {
        var (over, tunnel) = Connect("a", "one");
        tunnel.StreamsSettled = Task.CompletedTask;
        await tunnel.CloseAsync(new TunnelEnd(TunnelEndKind.Closed, "drained"));
        var next = Connect("a", "one");

        FakeStream carrier = null!;
        await Eventually.IsTrueAsync(
            () => (carrier = Ask(next, over.TunnelId, point: null)).WasReset, "the tunnel to be forgotten");
        Assert.Equal(ResetReason.Refused, await carrier.ResetAsync());
    }

    private (EdgeTunnel Live, FakeTunnel Tunnel) Connect(string edge, string instance)
    {
        var (live, tunnel) = _registry.Connect(edge);
        tunnel.Features = TunnelFeatures.Move;
        ((IHubTunnelHandler)live).OnHello(tunnel, new Hello { Instance = instance });
        return (live, tunnel);
    }

    private static FakeStream Ask((EdgeTunnel Live, FakeTunnel Tunnel) over, string tunnelId) =>
        Ask(over, tunnelId, new StreamPoint(0, 0));

    private static FakeStream Ask((EdgeTunnel Live, FakeTunnel Tunnel) over, string tunnelId, StreamPoint? point)
    {
        var carrier = new FakeStream();
        ((IHubTunnelHandler)over.Live).OnStreamOpened(
            over.Tunnel, carrier, new StreamOpening { Move = new StreamMove(tunnelId, 7, 1, point) });
        return carrier;
    }
}
