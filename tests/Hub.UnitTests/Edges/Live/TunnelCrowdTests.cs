using Tunnel.Hub.Edges.Live;
using Tunnel.Hub.Events;
using Tunnel.Hub.UnitTests.Fakes;
using Tunnel.Shared.Protocol.Messages;
using Tunnel.Shared.Transport;

namespace Tunnel.Hub.UnitTests.Edges.Live;

/// <summary>An edge makes one tunnel after the other.</summary>
public sealed class TunnelCrowdTests
{
    private readonly TestRegistry _registry = new();

    public TunnelCrowdTests() => _registry.Allowed.Put(TestRegistry.Edge("a", 80));

    [Fact]
    public async Task Of_a_hundred_newer_tunnels_of_one_process_a_few_live_and_the_oldest_go_first()
    {
        List<(EdgeTunnel Live, FakeTunnel Tunnel)> all = [_registry.Connect("a", "one")];
        for (var i = 1; i < 100; i++)
        {
            all.Add(_registry.Connect("a", "one"));
            Assert.Equal(GoAway.Replaced, await all[^2].Tunnel.NextGoAwayAsync());
        }

        foreach (var (_, tunnel) in all.SkipLast(TunnelCrowd.MaxTunnels))
        {
            var end = await tunnel.EndAsync();
            Assert.Equal(TunnelEndKind.Replaced, end.Kind);
            Assert.Contains("too many", end.Detail, StringComparison.Ordinal);
        }

        Assert.All(all.TakeLast(TunnelCrowd.MaxTunnels), each => Assert.False(each.Tunnel.Completion.IsCompleted));
        Assert.Contains("too many", (await _registry.Events.NextAsync<TunnelDisconnectedEvent>()).Reason.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public void Of_many_that_come_at_once_no_more_live()
    {
        var all = Enumerable.Range(0, 1_000).Select(_ => _registry.Connect("a", "one")).ToArray();
        Assert.True(all.Count(each => !each.Tunnel.Completion.IsCompleted) <= TunnelCrowd.MaxTunnels);
        Assert.False(all[^1].Tunnel.Completion.IsCompleted);
    }

    [Fact]
    public async Task The_one_that_takes_new_streams_stays_however_old_it_is()
    {
        var primary = _registry.Connect("a", "one");
        var drained =
            Enumerable.Range(0, TunnelCrowd.MaxTunnels + 3).Select(_ => _registry.Connect("a", "zero", supersedes: null)).ToArray();

        // Another process is turned away while the first one answers: each of its tunnels goes by itself.
        foreach (var (_, tunnel) in drained)
            await tunnel.EndAsync();
        Assert.False(primary.Tunnel.Completion.IsCompleted);
    }

    [Fact]
    public async Task Connections_that_say_nothing_are_few_too()
    {
        var primary = _registry.ConnectWithLanes("a", "one");
        var silent = Enumerable.Range(0, 100).Select(_ => _registry.Connect("a")).ToArray();
        foreach (var (_, tunnel) in silent.SkipLast(LaneOptions.Limit + 1))
            await tunnel.EndAsync();
        Assert.All(silent.TakeLast(LaneOptions.Limit + 1), each => Assert.False(each.Tunnel.Completion.IsCompleted));
        Assert.False(primary.Tunnel.Completion.IsCompleted);
    }

    [Fact]
    public void Streams_and_sessions_are_counted_over_all_tunnels_of_the_edge()
    {
        var older = _registry.Connect("a", "one");
        var newer = _registry.Connect("a", "one");
        (older.Tunnel.ActiveStreams, newer.Tunnel.ActiveStreams) = (3, 4);
        (older.Tunnel.ActiveSessions, newer.Tunnel.ActiveSessions) = (5, 6);
        Assert.Equal((7, 11), (newer.Live.StreamsOfEdge, older.Live.SessionsOfEdge));
    }

    [Fact]
    public async Task One_that_ended_counts_no_more()
    {
        var older = _registry.Connect("a", "one");
        var newer = _registry.Connect("a", "one");
        (older.Tunnel.ActiveStreams, newer.Tunnel.ActiveStreams) = (3, 4);
        await older.Tunnel.CloseAsync(new TunnelEnd(TunnelEndKind.PeerClosed, ""));
        await _registry.Events.NextAsync<TunnelDisconnectedEvent>();
        Assert.Equal(4, newer.Live.StreamsOfEdge);
    }
}
