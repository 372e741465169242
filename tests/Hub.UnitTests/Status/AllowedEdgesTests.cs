using System.Net;
using Tunnel.Hub.Edges.Presence;
using Tunnel.Hub.Edges.State;
using Tunnel.Hub.Status;
using Tunnel.Hub.UnitTests.Edges;
using Tunnel.Hub.UnitTests.Fakes;
using Tunnel.Shared.Operator;
using Tunnel.Shared.Protocol.Messages;
using Tunnel.Shared.Transport;
using Tunnel.TestUtilities;

namespace Tunnel.Hub.UnitTests.Status;

public sealed class AllowedEdgesTests : IAsyncDisposable
{
    private static readonly IPEndPoint Remote = new(IPAddress.Parse("192.0.2.7"), 4711);

    private readonly TemporaryDirectory _directory = new();
    private readonly ManualTimeProvider _time = new();
    private readonly EdgePresences _presences;
    private readonly EdgeStore _store;

    public AllowedEdgesTests()
    {
        _presences = new EdgePresences(_time);
        _store = TestEdges.Store(_directory.Path, time: _time);
    }

    public async ValueTask DisposeAsync()
    {
        await _store.DisposeAsync();
        _directory.Dispose();
    }

    [Fact]
    public async Task Every_allowed_edge_is_there_with_why_it_is_away()
    {
        foreach (var id in (string[])["never", "off", "gone", "back-soon", "up"])
            await _store.AddAsync(TestEdges.WithSecret(id) with { Enabled = id != "off" }, default);
        var start = _time.GetUtcNow();
        _presences.OnConnected("gone", Remote, start);
        _presences.OnGone("gone", EdgeCondition.Network, "nothing heard for 45 s", isForgotten: false);
        _presences.OnRefused("gone", Remote);
        _presences.OnConnected("back-soon", Remote, start);
        _presences.OnGone("back-soon", EdgeCondition.Disabled, "the edge was disabled", isForgotten: false);
        _presences.OnConnected("up", Remote, start);
        _time.Advance(TimeSpan.FromHours(1));

        var edges = Describe(Connected("up")).ToDictionary(edge => edge.EdgeId);
        Assert.Equal(["back-soon", "gone", "never", "off", "up"], edges.Keys.Order(StringComparer.Ordinal));
        Assert.Equal((EdgeCondition.NeverSeen, null, null), (edges["never"].State, edges["never"].LastSeen, edges["never"].Remote));
        Assert.Equal(EdgeCondition.Disabled, edges["off"].State);
        Assert.Equal((EdgeCondition.Disconnected, (string?)null), (edges["back-soon"].State, edges["back-soon"].Detail));
        Assert.Equal(
            (EdgeCondition.Network, "nothing heard for 45 s", start, "192.0.2.7:4711", null),
            (edges["gone"].State, edges["gone"].Detail, edges["gone"].LastSeen, edges["gone"].Remote, edges["gone"].ConnectedSince));
        Assert.Equal("192.0.2.7:4711", edges["gone"].Refused?.Remote);
        Assert.Equal(
            (EdgeCondition.Connected, start, _time.GetUtcNow()), (edges["up"].State, edges["up"].ConnectedSince, edges["up"].LastSeen));
    }

    [Fact]
    public async Task A_conflict_is_seen_for_as_long_as_the_other_process_may_try_again()
    {
        await _store.AddAsync(TestEdges.WithSecret("a"), default);
        _presences.OnConnected("a", Remote, _time.GetUtcNow());
        _presences.OnConflict("a", Remote, "two");
        Assert.Equal(EdgeCondition.Conflict, Describe(Connected("a"))[0].State);
        Assert.Equal(EdgeCondition.Conflict, Describe(Connected("a") with { Instance = "one" })[0].State);
        // The other tunnel has taken over.
        Assert.Equal(EdgeCondition.Connected, Describe(Connected("a") with { Instance = "two" })[0].State);
        _time.Advance(TimeSpan.FromSeconds(90));
        Assert.Equal(EdgeCondition.Connected, Describe(Connected("a"))[0].State);
    }

    [Fact]
    public async Task Old_secrets_are_counted_with_their_ends()
    {
        await _store.AddAsync(TestEdges.WithSecret("a"), default);
        var first = _store.State.Entries["a"].Secrets.Items.Single().Id;
        await _store.RotateSecretAsync("a", null, TimeSpan.FromHours(24), default);
        var end = _time.GetUtcNow().AddHours(24);
        var edge = Describe(Connected("a") with { SecretId = first })[0];
        Assert.Equal((2, end), (edge.Secrets, edge.OwnSecretEnds));
        Assert.Equal([end], edge.SecretsEnd);
        Assert.Null(Describe(Connected("a") with { SecretId = _store.State.Entries["a"].Secrets.Items[0].Id })[0].OwnSecretEnds);
    }

    [Fact]
    public async Task Ports_are_lists_of_what_is_wanted_bound_and_failed()
    {
        await _store.AddAsync(
            TestEdges.WithSecret("a") with { ListenPorts = [PortRange.FromInt32(443), new PortRange(8000, 8010)] }, default);
        Assert.Equal(new EdgePortsStatus("443,8000-8010", "", ""), Describe()[0].Tcp);
        var live = Connected("a") with
        {
            Bound = [new BoundPort(443, "tcp"), new BoundPort(8000, "tcp"), new BoundPort(53, "udp")],
            FailedPorts = [new FailedPort(8001, "tcp", "address in use", 8010)],
        };
        Assert.Equal(new EdgePortsStatus("443,8000-8010", "443,8000", "8001-8010"), Describe(live)[0].Tcp);
        Assert.Equal(new EdgePortsStatus("", "53", ""), Describe(live)[0].Udp);
    }

    private AllowedEdgeStatus[] Describe(params ConnectedEdgeStatus[] connected) =>
        [.. AllowedEdges.Describe(_store.State, [.. connected], _presences, _ => default, _time.GetUtcNow())];

    private ConnectedEdgeStatus Connected(string id) => new()
    {
        EdgeId = id,
        Since = _time.GetUtcNow().AddHours(-1),
        Remote = Remote.ToString(),
        Transport = TransportKind.TcpTls,
        Tunnels = 1,
        ActiveStreams = 0,
        ActiveSessions = 0,
        ListenPorts = [],
        ListenPortsUdp = [],
        Rev = 1,
        BytesIn = 0,
        BytesOut = 0,
        StreamsOpened = 0,
    };
}
