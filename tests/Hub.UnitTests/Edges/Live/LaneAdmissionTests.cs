using Tunnel.Hub.Edges.Live;
using Tunnel.Hub.Events;
using Tunnel.Hub.Status;
using Tunnel.Hub.UnitTests.Fakes;
using Tunnel.Shared.Protocol.Messages;
using Tunnel.Shared.Transport;

namespace Tunnel.Hub.UnitTests.Edges.Live;

/// <summary>A tunnel gets further connections (protocol.md section 3, Lanes).</summary>
public sealed class LaneAdmissionTests
{
    private readonly RecordingForwarder _forwarder = new();
    private readonly TestRegistry _registry;

    public LaneAdmissionTests()
    {
        _registry = new TestRegistry(_forwarder, LiveEdgesOptions.Default with { MaxLanes = 3 });
        _registry.Allowed.Put(TestRegistry.Edge("a", 80));
        _registry.Allowed.Put(TestRegistry.Edge("b", 81));
    }

    [Fact]
    public async Task A_lane_joins_its_tunnel_and_is_no_tunnel_of_its_own()
    {
        var first = _registry.ConnectWithLanes("a", "one");
        await _registry.Events.NextAsync<TunnelConnectedEvent>();

        var lane = _registry.ConnectLane("a", "one", first.Live.TunnelId, 2);

        Assert.Same(lane.Tunnel, Assert.Single(first.Tunnel.Joined).Value);
        Assert.Equal(2, first.Tunnel.Joined.Keys.Single());
        Assert.Equal([first.Live], _registry.Live.Tunnels);
        Assert.False(first.Tunnel.HasGoAway);
        Assert.Empty(first.Tunnel.Probes);
        var status = Assert.Single(_registry.Live.Read(ConnectedEdges.Describe));
        Assert.Equal((1, 2), (status.Tunnels, status.Lanes));

        // There is no event for the lane: the next connection that is told is the other edge's.
        _registry.Connect("b", "two");
        Assert.Equal("b", (await _registry.Events.NextAsync<TunnelConnectedEvent>()).EdgeId);
    }

    [Fact]
    public void What_a_lane_carries_is_its_tunnels_and_what_concerns_the_tunnel_is_not_taken_from_it()
    {
        var first = _registry.ConnectWithLanes("a", "one");
        var lane = _registry.ConnectLane("a", "one", first.Live.TunnelId, 1);
        var handler = (IHubTunnelHandler)lane.Live;

        handler.OnStreamOpened(lane.Tunnel, new FakeStream(), default);
        handler.OnSessionOpened(lane.Tunnel, new FakeSession(), default);
        handler.OnReport(lane.Tunnel, new Report { Kind = Report.ConfigApplied, Rev = 7 });
        handler.OnGoAway(lane.Tunnel, new GoAway(GoAway.Shutdown, 0));

        Assert.Equal([first.Live, first.Live], _forwarder.Tunnels);
        Assert.Null(first.Live.PortReport);
        Assert.False(first.Live.IsDraining);
    }

    [Fact]
    public async Task A_lane_that_ends_leaves_its_tunnel_as_it_is()
    {
        var first = _registry.ConnectWithLanes("a", "one");
        var lane = _registry.ConnectLane("a", "one", first.Live.TunnelId, 1);

        await lane.Tunnel.CloseAsync(new TunnelEnd(TunnelEndKind.ConnectionLost, "cut"));
        await first.Tunnel.CloseAsync(new TunnelEnd(TunnelEndKind.PeerClosed, "gone"));

        // The first event is the tunnel's end.
        Assert.Equal("gone", (await _registry.Events.NextAsync<TunnelDisconnectedEvent>()).Reason.Detail);
        await _registry.Events.NextAsync<EdgeDisconnectedEvent>();
    }

    [Theory]
    [InlineData("a", "one", "foreign", 1, "laneUnknownTunnel")]
    [InlineData("a", "two", null, 1, "laneUnknownTunnel")]
    [InlineData("a", "", null, 1, "laneUnknownTunnel")]
    [InlineData("b", "one", null, 1, "laneUnknownTunnel")]
    [InlineData("a", "one", null, 0, "laneLimit")]
    [InlineData("a", "one", null, 3, "laneLimit")]
    [InlineData("a", "one", null, int.MaxValue, "laneLimit")]
    public async Task Who_has_no_business_with_a_tunnel_is_turned_away(
        string edge, string instance, string? tunnelId, int index, string reason)
    {
        var first = _registry.ConnectWithLanes("a", "one");
        _registry.ConnectWithLanes("b", "one");

        var lane = _registry.ConnectLane(edge, instance, tunnelId ?? first.Live.TunnelId, index);

        Assert.Equal(reason, await lane.Tunnel.NextGoAwayAsync());
        await lane.Tunnel.EndAsync();
        Assert.Empty(first.Tunnel.Joined);
        Assert.False(first.Tunnel.HasGoAway);
        Assert.False(first.Tunnel.Completion.IsCompleted);
        Assert.Equal(1, _registry.Live.Lanes.Refused);
    }

    [Fact]
    public async Task A_number_that_is_taken_a_tunnel_that_drains_and_one_without_lanes_are_refused()
    {
        var first = _registry.ConnectWithLanes("a", "one");
        _registry.ConnectLane("a", "one", first.Live.TunnelId, 1);
        Assert.Equal("laneInUse", await _registry.ConnectLane("a", "one", first.Live.TunnelId, 1).Tunnel.NextGoAwayAsync());

        first.Tunnel.Features = TunnelFeatures.None;
        Assert.Equal("laneUnknownTunnel", await _registry.ConnectLane("a", "one", first.Live.TunnelId, 2).Tunnel.NextGoAwayAsync());

        first.Tunnel.Features = TunnelFeatures.Lanes;
        ((IHubTunnelHandler)first.Live).OnGoAway(first.Tunnel, new GoAway(GoAway.Shutdown, 0));
        Assert.Equal("laneGone", await _registry.ConnectLane("a", "one", first.Live.TunnelId, 2).Tunnel.NextGoAwayAsync());
    }

    [Fact]
    public async Task A_lane_needs_the_tunnels_own_secret()
    {
        var first = _registry.ConnectWithLanes("a", "one");
        _registry.Allowed.Put(TestRegistry.Edge("a", 80) with { Secret = "another-secret-of-the-edge" });

        Assert.Equal("laneUnknownTunnel", await _registry.ConnectLane("a", "one", first.Live.TunnelId, 1).Tunnel.NextGoAwayAsync());
    }

    [Fact]
    public async Task A_lane_that_is_slow_to_say_so_does_not_replace_its_tunnel_as_a_base_peer_would()
    {
        var first = _registry.ConnectWithLanes("a", "one");
        var late = _registry.Connect("a");

        _registry.Time.Advance(LiveEdgesOptions.Default.HelloTimeout * 2);
        ((IHubTunnelHandler)late.Live).OnHello(late.Tunnel, new Hello { Instance = "one", Lane = new LaneHello(first.Live.TunnelId, 1) });

        Assert.Single(first.Tunnel.Joined);

        // The lane's time as a stranger is over without anything happening.
        _registry.Time.Advance(LiveEdgesOptions.Default.HelloTimeout * 4);
        _registry.Connect("b", "two");
        await _registry.Events.NextAsync<TunnelConnectedEvent>();
        Assert.False(first.Tunnel.Completion.IsCompleted);
        Assert.False(late.Tunnel.Completion.IsCompleted);
    }

    [Fact]
    public async Task A_second_tunnel_of_an_edge_with_lanes_is_announced_when_it_has_said_what_it_is()
    {
        var first = _registry.ConnectWithLanes("a", "one");
        await _registry.Events.NextAsync<TunnelConnectedEvent>();

        var second = _registry.Connect("a", remotePort: 2);
        Assert.Equal(1, Assert.Single(_registry.Live.Read(ConnectedEdges.Describe)).Tunnels);
        ((IHubTunnelHandler)second.Live).OnHello(second.Tunnel, new Hello { Instance = "one" });

        Assert.Equal(2, (await _registry.Events.NextAsync<TunnelConnectedEvent>()).Remote.Port);
        Assert.Equal(GoAway.Replaced, await first.Tunnel.NextGoAwayAsync());
    }

    [Fact]
    public async Task An_edge_that_is_disabled_loses_a_connection_that_has_not_said_yet_what_it_is()
    {
        _registry.ConnectWithLanes("a", "one");
        var unknown = _registry.Connect("a");

        _registry.Allowed.Remove("a");

        Assert.Equal(TunnelEndKind.Revoked, (await unknown.Tunnel.EndAsync()).Kind);
    }

    private sealed class RecordingForwarder : ITunnelForwarder
    {
        public List<EdgeTunnel> Tunnels { get; } = [];

        public void OnStreamOpened(EdgeTunnel tunnel, ITunnelStream stream, in StreamOpening opening) => Tunnels.Add(tunnel);

        public IDatagramSink? OnSessionOpened(EdgeTunnel tunnel, ITunnelSession session, in StreamOpening opening)
        {
            Tunnels.Add(tunnel);
            return null;
        }

        public void OnBlocked(EdgeTunnel tunnel, BlockedReport report)
        {
        }
    }
}
