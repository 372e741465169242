using Tunnel.Hub.Edges.Live;
using Tunnel.Hub.Events;
using Tunnel.Hub.Status;
using Tunnel.Hub.UnitTests.Fakes;
using Tunnel.Shared.Protocol.Messages;
using Tunnel.Shared.Transport;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.Hub.UnitTests.Edges.Live;

/// <summary>Connections take the place of lost ones (protocol.md section 8).</summary>
public sealed class ResumeAdmissionTests
{
    private static readonly TunnelEnd Cut = new(TunnelEndKind.ConnectionLost, "cut");

    private readonly TestRegistry _registry = new();

    public ResumeAdmissionTests()
    {
        _registry.Allowed.Put(TestRegistry.Edge("a", 80));
        _registry.Allowed.Put(TestRegistry.Edge("b", 81));
    }

    [Fact]
    public async Task A_lost_tunnel_goes_on_and_the_connection_is_no_tunnel_of_its_own()
    {
        var (lost, tunnel) = _registry.Connect("a", "one");
        await _registry.Events.NextAsync<TunnelConnectedEvent>();
        Assert.True(((ITunnelHandler)lost).OnLost(tunnel, Cut));
        Assert.Equal("cut", (await _registry.Events.NextAsync<TunnelLostEvent>()).Reason.Detail);
        Assert.NotNull(Assert.Single(_registry.Live.Read(ConnectedEdges.Describe)).LostSince);

        var (_, connection) = Ask("a", "one", lost.TunnelId, remotePort: 7);
        Assert.Same(connection, await tunnel.NextResumeAsync());
        await connection.CloseAsync(new TunnelEnd(TunnelEndKind.Closed, "it is another's now"));
        ((ITunnelHandler)lost).OnResumed(tunnel, new TunnelResumed(3, 5, TimeSpan.FromSeconds(2)));

        var resumed = await _registry.Events.NextAsync<TunnelResumedEvent>();
        Assert.Equal((3, 5L, 2.0), (resumed.Streams, resumed.BytesAgain, resumed.LostSeconds));
        var status = Assert.Single(_registry.Live.Read(ConnectedEdges.Describe));
        Assert.Null(status.LostSince);
        Assert.False(connection.IsRefused);
        Assert.Same(lost, _registry.Live.FindPrimary("a"));

        // There is no event for the connection: the next one that is told is the other edge's.
        _registry.Connect("b", "two");
        Assert.Equal("b", (await _registry.Events.NextAsync<TunnelConnectedEvent>()).EdgeId);
    }

    [Theory]
    [InlineData("a", "one", "another")]
    [InlineData("a", "one", "")]
    [InlineData("a", "two", null)]
    [InlineData("a", "", null)]
    [InlineData("b", "one", null)]
    public async Task Who_has_no_business_with_a_tunnel_gets_one_of_its_own(string edge, string instance, string? tunnelId)
    {
        var (lost, tunnel) = _registry.Connect("a", "one");

        var (_, connection) = Ask(edge, instance, tunnelId ?? lost.TunnelId);

        await connection.RefusedAsync();
        Assert.False(tunnel.HasResume);
    }

    [Fact]
    public async Task A_tunnel_that_can_not_go_on_ends_and_the_connection_takes_its_place()
    {
        var (lost, tunnel) = _registry.Connect("a", "one");
        tunnel.Outcome = ResumeOutcome.Refused;
        ((ITunnelHandler)lost).OnLost(tunnel, Cut);

        var (live, connection) = Ask("a", "one", lost.TunnelId);

        await connection.RefusedAsync();
        Assert.Equal(TunnelEndKind.ConnectionLost, (await tunnel.EndAsync()).Kind);
        await Eventually.IsTrueAsync(() => _registry.Live.FindPrimary("a") == live, "the new tunnel to be the edge's");
    }

    [Fact]
    public async Task A_lane_goes_on_by_its_own_name_and_one_that_can_not_is_a_lane_anew()
    {
        var first = _registry.ConnectWithLanes("a", "one");
        var lane = _registry.ConnectLane("a", "one", first.Live.TunnelId, 1);
        Assert.True(((ITunnelHandler)lane.Live).OnLost(lane.Tunnel, Cut));

        var (_, connection) = Ask("a", "one", lane.Live.TunnelId, lane: new LaneHello(first.Live.TunnelId, 1));
        Assert.Same(connection, await lane.Tunnel.NextResumeAsync());
        Assert.False(connection.IsRefused);

        (_, connection) = Ask("a", "one", "another", lane: new LaneHello(first.Live.TunnelId, 2));
        await connection.RefusedAsync();
        await Eventually.IsTrueAsync(() => first.Tunnel.Joined.ContainsKey(2), "the lane to join");
        Assert.Equal([first.Live], _registry.Live.Tunnels.Where(static live => live.IsAnnounced));
    }

    [Fact]
    public void A_hub_that_stops_keeps_nothing()
    {
        var (live, tunnel) = _registry.Connect("a", "one");
        _ = _registry.Live.StopAsync(TimeSpan.Zero);
        Assert.False(((ITunnelHandler)live).OnLost(tunnel, Cut));
    }

    private (EdgeTunnel Live, FakeTunnel Tunnel) Ask(
        string edge, string instance, string tunnelId, int remotePort = 1, LaneHello? lane = null)
    {
        var (live, tunnel) = _registry.Connect(edge, remotePort);
        ((IHubTunnelHandler)live).OnHello(
            tunnel,
            new Hello { Instance = instance, Lane = lane, Resume = new ResumeHello(tunnelId) { Point = new ResumePoint(0, 0) } });
        return (live, tunnel);
    }
}
