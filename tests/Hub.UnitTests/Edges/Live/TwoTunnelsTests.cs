using Tunnel.Hub.Edges.Live;
using Tunnel.Hub.Events;
using Tunnel.Hub.UnitTests.Fakes;
using Tunnel.Shared.Protocol.Messages;
using Tunnel.Shared.Transport;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.Hub.UnitTests.Edges.Live;

/// <summary>Two tunnels have one id (protocol.md section 2).</summary>
public sealed class TwoTunnelsTests
{
    private readonly TestRegistry _registry = new();

    public TwoTunnelsTests() => _registry.Allowed.Put(TestRegistry.Edge("a", 80));

    [Fact]
    public async Task The_same_process_may_have_two_and_the_older_drains()
    {
        var older = _registry.Connect("a", "one");
        var newer = _registry.Connect("a", "one");

        Assert.Equal(GoAway.Replaced, await older.Tunnel.NextGoAwayAsync());
        Assert.False(older.Tunnel.Completion.IsCompleted);
        older.Tunnel.FinishStreams();
        Assert.Equal(TunnelEndKind.Replaced, (await older.Tunnel.EndAsync()).Kind);
        Assert.False(newer.Tunnel.Completion.IsCompleted);
        Assert.False(newer.Tunnel.HasGoAway);
    }

    [Fact]
    public async Task A_successor_takes_over_and_its_predecessor_drains_whichever_comes_last()
    {
        var predecessor = _registry.Connect("a", "one");
        var successor = _registry.Connect("a", "two", supersedes: "one");
        Assert.Equal(GoAway.Replaced, await predecessor.Tunnel.NextGoAwayAsync());

        var late = _registry.Connect("a", "one");
        Assert.Equal(GoAway.Replaced, await late.Tunnel.NextGoAwayAsync());
        Assert.False(successor.Tunnel.HasGoAway);
    }

    [Fact]
    public async Task Another_process_is_turned_away_while_the_first_is_alive()
    {
        var older = _registry.Connect("a", "one", remotePort: 1);
        var newcomer = _registry.Connect("a", "two", remotePort: 2);

        Assert.Equal(GoAway.Conflict, await newcomer.Tunnel.NextGoAwayAsync());
        await newcomer.Tunnel.EndAsync();
        Assert.Equal([TimeSpan.FromSeconds(3)], older.Tunnel.Probes);
        Assert.False(older.Tunnel.Completion.IsCompleted);
        var conflict = await _registry.Events.NextAsync<EdgeConflictEvent>();
        Assert.Equal((1, 2), (conflict.Connected.Port, conflict.Newcomer.Port));
    }

    [Fact]
    public async Task One_that_comes_again_and_again_is_told_of_once_and_waits_for_its_ports_until_it_counts()
    {
        var older = _registry.Connect("a", "one", remotePort: 1);
        Assert.False(older.Live.Config.Hub!.Contested);
        for (var tries = 2; tries < 6; tries++)
        {
            var turnedAway = _registry.Connect("a", "two", remotePort: tries);
            Assert.True(turnedAway.Live.Config.Hub!.Contested);
            Assert.Equal(GoAway.Conflict, await turnedAway.Tunnel.NextGoAwayAsync());
            await turnedAway.Tunnel.EndAsync();
        }

        Assert.Equal(2, (await _registry.Events.NextAsync<EdgeConflictEvent>()).Newcomer.Port);
        older.Tunnel.IsAlive = false;
        var newcomer = _registry.Connect("a", "two", remotePort: 7);
        Assert.Equal(TunnelEndKind.Replaced, (await older.Tunnel.EndAsync()).Kind);
        var config = await newcomer.Tunnel.NextConfigAsync();
        Assert.Equal((false, 2L), (config.Hub!.Contested, config.Hub.Rev));

        // Nothing was told of the tunnels that were turned away again.
        Assert.Equal(7, (await _registry.Events.NextAsync<TunnelConnectedEvent>()).Remote.Port);
    }

    [Fact]
    public async Task While_one_is_turned_away_the_other_is_asked_for_signs_of_life()
    {
        var older = _registry.Connect("a", "one");
        var newcomer = _registry.Connect("a", "two");
        Assert.Equal(GoAway.Conflict, await newcomer.Tunnel.NextGoAwayAsync());
        await newcomer.Tunnel.EndAsync();
        Assert.Single(older.Tunnel.Probes);

        await Eventually.IsTrueAsync(
            () =>
            {
                _registry.Time.Advance(RivalWatch.Pause);
                return Task.FromResult(older.Tunnel.Probes.Count > 1);
            },
            "the hub to ask again");
    }

    [Fact]
    public async Task One_that_takes_over_replaces_another_that_is_alive_and_its_streams_may_end()
    {
        var older = _registry.Connect("a", "one");
        var newcomer = _registry.Connect("a");
        ((IHubTunnelHandler)newcomer.Live).OnHello(newcomer.Tunnel, new Hello { Instance = "two", TakeOver = true });

        Assert.Equal(GoAway.Replaced, await older.Tunnel.NextGoAwayAsync());
        Assert.False((await newcomer.Tunnel.NextConfigAsync()).Hub!.Contested);
        Assert.False(older.Tunnel.Completion.IsCompleted);
        Assert.Empty(older.Tunnel.Probes);
    }

    [Fact]
    public async Task One_that_is_slow_to_say_what_it_is_does_not_end_what_is_open_as_a_base_peer_would()
    {
        var older = _registry.Connect("a", "one");
        var newcomer = _registry.Connect("a");

        _registry.Time.Advance(LiveEdgesOptions.Default.HelloTimeout * 11);
        ((IHubTunnelHandler)newcomer.Live).OnHello(newcomer.Tunnel, new Hello { Instance = "one" });

        Assert.Equal(GoAway.Replaced, await older.Tunnel.NextGoAwayAsync());
        Assert.False(older.Tunnel.Completion.IsCompleted);
    }

    [Fact]
    public async Task One_that_never_says_what_it_is_replaces_another_in_the_end()
    {
        var older = _registry.Connect("a", "one");
        var newcomer = _registry.Connect("a");

        _registry.Time.Advance(LiveEdgesOptions.Default.HelloTimeout * 12);

        Assert.Equal(TunnelEndKind.Replaced, (await older.Tunnel.EndAsync()).Kind);
        Assert.False(newcomer.Tunnel.Completion.IsCompleted);
    }

    [Fact]
    public async Task Another_process_replaces_a_dead_one()
    {
        var older = _registry.Connect("a", "one");
        older.Tunnel.IsAlive = false;
        var newcomer = _registry.Connect("a", "two");

        Assert.Equal(TunnelEndKind.Replaced, (await older.Tunnel.EndAsync()).Kind);
        Assert.False(newcomer.Tunnel.Completion.IsCompleted);
    }

    [Fact]
    public async Task A_tunnel_that_said_goaway_is_in_nobodys_way()
    {
        var older = _registry.Connect("a", "one");
        ((IHubTunnelHandler)older.Live).OnGoAway(older.Tunnel, new GoAway(GoAway.Shutdown, 0));
        var newcomer = _registry.Connect("a", "two");

        older.Tunnel.FinishStreams();
        await older.Tunnel.CloseAsync(new TunnelEnd(TunnelEndKind.PeerClosed, ""));
        await _registry.Events.NextAsync<TunnelDisconnectedEvent>();
        Assert.Empty(older.Tunnel.Probes);
        Assert.False(newcomer.Tunnel.Completion.IsCompleted);
    }

    [Fact]
    public async Task Of_base_peers_the_last_wins_but_not_twice_within_ten_seconds()
    {
        var first = _registry.Connect("a");
        var second = _registry.Connect("a");
        // The second peer never says HELLO.
        _registry.Time.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal(TunnelEndKind.Replaced, (await first.Tunnel.EndAsync()).Kind);

        var third = _registry.Connect("a");
        _registry.Time.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal(TunnelEndKind.Replaced, (await third.Tunnel.EndAsync()).Kind);
        Assert.False(second.Tunnel.Completion.IsCompleted);
    }

    [Fact]
    public async Task A_base_peer_shows_itself_by_opening_a_stream()
    {
        var first = _registry.Connect("a");
        var second = _registry.Connect("a");
        ((IHubTunnelHandler)second.Live).OnStreamOpened(second.Tunnel, new FakeStream(), default);

        Assert.Equal(TunnelEndKind.Replaced, (await first.Tunnel.EndAsync()).Kind);
    }
}
