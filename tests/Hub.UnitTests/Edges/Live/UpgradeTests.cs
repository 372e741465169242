using Tunnel.Hub.Edges.Live;
using Tunnel.Hub.UnitTests.Fakes;
using Tunnel.Shared.Protocol.Messages;
using Tunnel.Shared.Transport;

namespace Tunnel.Hub.UnitTests.Edges.Live;

/// <summary>Tunnels go on or end when another process takes the hub's place.</summary>
public sealed class UpgradeTests
{
    private static readonly TimeSpan Day = TimeSpan.FromDays(1);

    private readonly TestRegistry _registry = new();

    public UpgradeTests()
    {
        _registry.Allowed.Put(TestRegistry.Edge("a", 80));
        _registry.Allowed.Put(TestRegistry.Edge("b", 81));
    }

    [Fact]
    public async Task Edges_are_sent_away_at_once_and_what_is_open_goes_on_until_it_ends()
    {
        var (live, tunnel) = Connect("a");
        var leaving = _registry.Live.LeaveAsync(Day);

        Assert.Equal(GoAway.Upgrade, await tunnel.NextGoAwayAsync());
        Leave(live, tunnel);
        _registry.Time.Advance(TimeSpan.FromHours(23));
        Assert.False(tunnel.Completion.IsCompleted);
        Assert.False(leaving.IsCompleted);

        tunnel.FinishStreams();
        Assert.Equal(TunnelEndKind.Closed, (await tunnel.EndAsync()).Kind);
        await leaving.WaitAsync(Patience.Limit);
        Assert.Null(_registry.Live.Admit(_registry.Allowed.Find("a")!, Guid.Empty, new(1, 1), _ => new HubInfo()));
    }

    [Fact]
    public async Task A_tunnel_without_streams_stays_until_its_edge_has_left()
    {
        var (live, tunnel) = Connect("a");
        tunnel.FinishStreams();
        _ = _registry.Live.LeaveAsync(Day);
        await tunnel.NextGoAwayAsync();
        Assert.False(tunnel.Completion.IsCompleted);

        Leave(live, tunnel);
        await tunnel.EndAsync();
    }

    [Fact]
    public async Task A_base_peer_can_not_be_told_and_has_the_drain_time()
    {
        var (_, tunnel) = _registry.Connect("a");
        _ = _registry.Live.LeaveAsync(Day);

        _registry.Time.Advance(TimeSpan.FromSeconds(29));
        Assert.False(tunnel.Completion.IsCompleted);
        _registry.Time.Advance(TimeSpan.FromSeconds(1));
        await tunnel.EndAsync();
        Assert.False(tunnel.HasGoAway);
    }

    [Fact]
    public async Task An_edge_that_comes_over_QUIC_only_goes_on_until_the_port_can_be_free()
    {
        var (bound, only) = Connect("a", TransportKind.Quic, quicOnly: true);
        var (other, both) = Connect("b", TransportKind.Quic);
        _ = _registry.Live.LeaveAsync(Day);

        Assert.Equal(GoAway.Upgrade, await both.NextGoAwayAsync());
        Leave(other, both);
        Assert.False(only.HasGoAway);
        // The other edge's open connections keep the port, and have the drain time less what the first one needs.
        _registry.Time.Advance(TimeSpan.FromSeconds(28));
        await both.EndAsync();
        Assert.Equal(GoAway.Upgrade, await only.NextGoAwayAsync());
        Leave(bound, only);
        Assert.False(only.Completion.IsCompleted);
        _registry.Time.Advance(TimeSpan.FromSeconds(2));
        await only.EndAsync();
    }

    [Fact]
    public async Task An_edge_that_is_sent_on_is_dialled_again_and_what_is_open_goes_on_until_it_ends()
    {
        var (live, tunnel) = Connect("a");
        var leaving = _registry.Live.SendAwayAsync("a");
        Assert.Equal(GoAway.Upgrade, await tunnel.NextGoAwayAsync());
        Assert.Equal(DialState.Nothing, _registry.Live.Dials.StateOf("a"));

        var (next, _) = Connect("a");
        Assert.Same(next, _registry.Live.FindPrimary("a"));
        Leave(live, tunnel);
        _registry.Time.Advance(TimeSpan.FromHours(23));
        Assert.False(tunnel.Completion.IsCompleted);
        tunnel.FinishStreams();
        Assert.Equal(TunnelEndKind.Replaced, (await tunnel.EndAsync()).Kind);
        await leaving.WaitAsync(Patience.Limit);
        Assert.Equal(DialState.Connected, _registry.Live.Dials.StateOf("a"));
    }

    [Fact]
    public async Task An_edge_that_is_sent_on_and_gets_no_other_tunnel_has_the_drain_time()
    {
        var (_, tunnel) = Connect("a");
        _ = _registry.Live.SendAwayAsync("a");
        await tunnel.NextGoAwayAsync();
        _registry.Time.Advance(TimeSpan.FromSeconds(29));
        Assert.False(tunnel.Completion.IsCompleted);
        _registry.Time.Advance(TimeSpan.FromSeconds(1));
        await tunnel.EndAsync();
    }

    private static void Leave(EdgeTunnel live, FakeTunnel tunnel) =>
        ((ITunnelHandler)live).OnGoAway(tunnel, new GoAway(GoAway.Upgrade, 0));

    private (EdgeTunnel Live, FakeTunnel Tunnel) Connect(string edge, TransportKind kind = TransportKind.TcpTls, bool quicOnly = false)
    {
        var (live, tunnel) = _registry.Connect(edge, 1, kind);
        tunnel.Features = TunnelFeatures.GoAway;
        ((IHubTunnelHandler)live).OnHello(tunnel, new Hello { Instance = "one", QuicOnly = quicOnly ? true : null });
        return (live, tunnel);
    }
}
