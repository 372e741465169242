using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using Tunnel.Hub.Accepting;
using Tunnel.Hub.Edges.Definitions;
using Tunnel.Hub.Keeping;
using Tunnel.Hub.UnitTests.Edges;
using Tunnel.Hub.UnitTests.Fakes;
using Tunnel.Shared.Transport.Proxies;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.Hub.UnitTests.Accepting;

public sealed class EdgeDialerTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task A_hub_that_stops_leaves_an_edge_to_the_next_once_its_tunnel_takes_nothing_new()
    {
        using var door = new FrontDoorFixture();
        var registry = door.Registry;
        await using var store = TestEdges.Store(_directory.File("state"));
        await store.LoadAsync([ByHub("connected"), ByHub("away")], default);
        registry.Allowed.Put(TestRegistry.Edge("connected"));
        var (live, _) = registry.Connect("connected", "one");
        var table = new LeaseMemory();
        var leases = new Leases(table, "one:8443 1", registry.Time);
        var other = new Leases(table, "other:8443 2", registry.Time);
        var ways = new DialWays(
            door.Door, ProxyRules.None, new DialPace(registry.Time), registry.Events.Queue, registry.Time, NullLogger.Instance)
        {
            Leases = leases,
            Resolve = static (_, _) => Task.FromResult<IPAddress[]>([]),
        };
        using var dialer = new EdgeDialer(store, registry.Live.Dials, ways);
        dialer.Start();
        await Eventually.IsTrueAsync(() => leases.IsHeld("connected") && leases.IsHeld("away"), "the leases");
        other.Add("connected");
        other.Add("away");

        dialer.Leave();
        await Eventually.IsTrueAsync(() => IsTakenAsync("away"), "the edge without a tunnel to be the other hub's");
        Assert.False(await IsTakenAsync("connected"));

        // The edge has answered the hub's GOAWAY.
        registry.Live.OnGoAway(live);
        await Eventually.IsTrueAsync(() => IsTakenAsync("connected"), "the edge to be the other hub's");
        await leases.CloseAsync(isReleased: true);

        async Task<bool> IsTakenAsync(string edge)
        {
            await other.RefreshAsync(CancellationToken.None);
            return other.IsHeld(edge);
        }
    }

    private static EdgeDefinition ByHub(string id) =>
        TestEdges.WithSecret(id) with { Dial = DialTarget.ByHub, DialAddress = $"{id}.example:8443" };
}
