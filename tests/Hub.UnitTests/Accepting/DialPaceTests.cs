using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using Tunnel.Hub.Accepting;
using Tunnel.Hub.Edges.Definitions;
using Tunnel.Hub.Edges.Live;
using Tunnel.Hub.Keeping;
using Tunnel.Hub.UnitTests.Fakes;
using Tunnel.Shared.Transport;
using Tunnel.Shared.Transport.Proxies;
using Tunnel.TestUtilities;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.Hub.UnitTests.Accepting;

public sealed class DialPaceTests
{
    private static readonly TimeSpan Bin = TimeSpan.FromMilliseconds(100);

    [Fact]
    public async Task Many_edges_that_lack_a_connection_are_dialled_one_after_the_other_and_one_alone_at_once()
    {
        var time = new ManualTimeProvider();
        var pace = new DialPace(time);
        var turns = Enumerable.Range(0, 500).Select(_ => TurnAsync()).ToList();
        Assert.True(turns[0].IsCompleted);

        for (var elapsed = TimeSpan.Zero; elapsed < TimeSpan.FromSeconds(1); elapsed += RedialSpread.PerEdge)
            time.Advance(RedialSpread.PerEdge);
        var times = await Task.WhenAll(turns).WaitAsync(Patience.Limit);
        Assert.Equal(10, times.CountBy(static at => (int)(at / Bin)).Count());
        Assert.All(times.CountBy(static at => (int)(at / Bin)), static bin => Assert.Equal(50, bin.Value));

        Assert.True(pace.TurnAsync(CancellationToken.None).IsCompleted);

        async Task<TimeSpan> TurnAsync()
        {
            var start = time.GetTimestamp();
            await pace.TurnAsync(CancellationToken.None);
            return time.GetElapsedTime(start);
        }
    }

    [Fact]
    public void An_edge_that_does_not_answer_is_dialled_like_one_that_is_lost_until_it_does()
    {
        var registry = new TestRegistry();
        registry.Allowed.Put(TestRegistry.Edge("a") with { Dial = DialTarget.ByHub, DialAddress = "192.0.2.1:8443" });
        var (live, tunnel) = registry.Connect("a", "one");
        var looks = 0;
        registry.Live.Dials.Changed += (_, _) => looks++;
        Assert.True(((IHubTunnelHandler)live).WatchesEdge);
        Assert.Equal(DialState.Connected, registry.Live.Dials.StateOf("a"));

        tunnel.IsInDoubt = true;
        ((ITunnelHandler)live).OnDoubt(tunnel);
        Assert.Equal((1, DialState.Lost), (looks, registry.Live.Dials.StateOf("a")));

        tunnel.IsInDoubt = false;
        Assert.Equal(DialState.Connected, registry.Live.Dials.StateOf("a"));

        registry.Allowed.Put(TestRegistry.Edge("b"));
        Assert.False(((IHubTunnelHandler)registry.Connect("b", "two").Live).WatchesEdge);
    }

    [Fact]
    public async Task Behind_an_address_where_no_edge_is_the_next_has_its_try()
    {
        using var door = new FrontDoorFixture();
        using var stranger = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        using var edge = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        IPAddress[] addresses = [IPAddress.Parse("127.61.0.1"), IPAddress.Parse("127.61.0.2")];
        stranger.Bind(new IPEndPoint(addresses[0], 0));
        edge.Bind(new IPEndPoint(addresses[1], ((IPEndPoint)stranger.LocalEndPoint!).Port));
        stranger.Listen();
        edge.Listen();
        var ways = WaysOf(door) with
        {
            Resolve = (_, _) => Task.FromResult(addresses),
        };
        var target = new DialTarget("edge.example", ((IPEndPoint)stranger.LocalEndPoint).Port);
        var loop = new DialLoop("e", target, door.Registry.Live.Dials, ways);
        var running = loop.RunAsync();

        (await stranger.AcceptAsync().WaitAsync(Patience.Limit)).Dispose();
        (await edge.AcceptAsync().WaitAsync(Patience.Limit)).Dispose();

        loop.Stop();
        await running.WaitAsync(Patience.Limit);
    }

    [Fact]
    public async Task A_defect_in_one_try_is_its_fault_and_the_next_try_is_made()
    {
        using var door = new FrontDoorFixture();
        var time = door.Registry.Time;
        using var edge = Listen();
        var tries = 0;
        var ways = WaysOf(door) with
        {
            Resolve = (_, _) => ++tries == 1
                ? throw new InvalidOperationException("a defect")
                : Task.FromResult<IPAddress[]>([IPAddress.Loopback]),
        };
        var target = new DialTarget("edge.example", ((IPEndPoint)edge.LocalEndPoint!).Port);
        var loop = new DialLoop("e", target, door.Registry.Live.Dials, ways);
        var running = loop.RunAsync();
        await Eventually.IsTrueAsync(() => loop.Count.Failed == 1, "the try that fails");
        await Eventually.IsTrueAsync(() => loop.Status.Fault == "a defect", "the fault");

        var accepting = edge.AcceptAsync();
        await Eventually.IsTrueAsync(
            () =>
            {
                if (!accepting.IsCompleted)
                    time.Advance(TimeSpan.FromMilliseconds(100));
                return accepting.IsCompleted;
            },
            "the next try");
        (await accepting).Dispose();

        loop.Stop();
        await running.WaitAsync(Patience.Limit);
    }

    [Fact]
    public async Task Of_hubs_that_share_their_state_one_dials_and_the_other_when_it_lets_go()
    {
        using var door = new FrontDoorFixture();
        var time = door.Registry.Time;
        using var edge = Listen();
        var table = new LeaseMemory();
        var (one, other) = (new Leases(table, "one:8443 1", time), new Leases(table, "other:8443 2", time));
        one.Add("e");
        await one.RefreshAsync(CancellationToken.None);
        var ways = WaysOf(door) with
        {
            Leases = other,
        };
        other.Add("e");
        await other.RefreshAsync(CancellationToken.None);
        var loop = new DialLoop("e", new DialTarget("127.0.0.1", ((IPEndPoint)edge.LocalEndPoint!).Port), door.Registry.Live.Dials, ways);
        other.Changed += _ => loop.OnNeeds(0);
        var running = loop.RunAsync();
        loop.OnNeeds(0);
        Assert.Equal("one:8443", loop.Status.Other);
        Assert.False(edge.Poll(TimeSpan.FromMilliseconds(1), SelectMode.SelectRead));

        await one.CloseAsync(isReleased: true);
        await other.RefreshAsync(CancellationToken.None);
        (await edge.AcceptAsync().WaitAsync(Patience.Limit)).Dispose();
        Assert.Null(loop.Status.Other);

        loop.Stop();
        await running.WaitAsync(Patience.Limit);
    }

    [Fact]
    public async Task A_hub_that_starts_does_not_dial_all_its_edges_at_once()
    {
        using var door = new FrontDoorFixture();
        var time = door.Registry.Time;
        using var refusing = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        refusing.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        var target = new DialTarget("127.0.0.1", ((IPEndPoint)refusing.LocalEndPoint!).Port);
        var ways = WaysOf(door);
        var loops = Enumerable.Range(0, 10).Select(number => new DialLoop($"e{number}", target, door.Registry.Live.Dials, ways)).ToList();
        var running = loops.Select(static loop => loop.RunAsync()).ToList();

        for (var dialled = 1; dialled <= loops.Count; dialled++)
        {
            await Eventually.GetAsync(
                () => Task.FromResult(loops.Count(static loop => loop.Count.Failed > 0) == dialled ? "" : null), $"{dialled} dials");
            time.Advance(RedialSpread.PerEdge);
        }

        loops.ForEach(static loop => loop.Stop());
        await Task.WhenAll(running).WaitAsync(Patience.Limit);
    }

    private static DialWays WaysOf(FrontDoorFixture door) => new(
        door.Door, ProxyRules.None, new DialPace(door.Registry.Time), door.Registry.Events.Queue, door.Registry.Time, NullLogger.Instance);

    private static Socket Listen()
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        socket.Listen();
        return socket;
    }
}
