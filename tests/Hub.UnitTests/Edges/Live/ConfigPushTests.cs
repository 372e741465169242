using System.Collections.Immutable;
using System.Net;
using System.Text;
using System.Text.Json;
using Tunnel.Hub.Edges.Definitions;
using Tunnel.Hub.Edges.Live;
using Tunnel.Hub.Events;
using Tunnel.Hub.Status;
using Tunnel.Hub.UnitTests.Fakes;
using Tunnel.Shared.Protocol.Addresses;
using Tunnel.Shared.Protocol.Messages;
using Tunnel.Shared.Transport;

namespace Tunnel.Hub.UnitTests.Edges.Live;

public sealed class ConfigPushTests
{
    private readonly TestRegistry _registry = new();

    public ConfigPushTests() => _registry.Allowed.Put(TestRegistry.Edge("a", 80));

    [Fact]
    public async Task A_changed_port_is_pushed_with_a_higher_revision()
    {
        var (live, tunnel) = _registry.Connect("a", "one");
        _registry.Allowed.Change(TestRegistry.Edge("a", 80, 443));

        var pushed = await tunnel.NextConfigAsync();
        Assert.Equal([80, 443], pushed.ListenPorts);
        Assert.Equal(2, pushed.Hub!.Rev);
        Assert.NotNull(live.FindPort(udp: false, 443, _registry.Time.GetUtcNow()));
        Assert.Equal([80, 443], (await _registry.Events.NextAsync<PortsUpdatedEvent>()).ListenPorts);
    }

    [Fact]
    public async Task The_configuration_says_when_what_it_tells_the_edge_was_changed_last()
    {
        _registry.Allowed.Put(TestRegistry.Edge("a", 80)).Revision = 7;
        var (live, tunnel) = _registry.Connect("a", "one");
        Assert.Equal(7, live.Config.Hub!.State);
        _registry.Allowed.Change(TestRegistry.Edge("a", 81), revision: 9);
        Assert.Equal(9, (await tunnel.NextConfigAsync()).Hub!.State);
        _registry.Blocks.Add("192.0.2.0/24", 60, "a");
        Assert.Equal(9, (await tunnel.NextConfigAsync()).Hub!.State);
    }

    [Theory]
    [InlineData(1, null)]
    [InlineData(2, 2)]
    [InlineData(500, 998)]
    [InlineData(5_000, 4_000)]
    public void An_edge_is_told_how_far_apart_as_many_as_there_are_should_come_back(int edges, int? spread)
    {
        for (var edge = 1; edge < edges; edge++)
            _registry.Allowed.Put(TestRegistry.Edge($"e{edge}"));
        Assert.Equal(spread, _registry.Connect("a", "one").Live.Config.Hub!.RedialSpread);

        // An edge that the hub dials waits for it anyway.
        _registry.Allowed.Put(TestRegistry.Edge("b") with { Dial = DialTarget.ByHub, DialAddress = "192.0.2.1:8443" });
        Assert.Null(_registry.Connect("b", "two").Live.Config.Hub!.RedialSpread);
    }

    [Fact]
    public void What_only_UDP_ports_have_is_told_at_each_of_them_when_the_default_entry_says_it()
    {
        _registry.Allowed.Change(new EdgeDefinition
        {
            Id = "a",
            ListenPorts = [53],
            ListenPortsUdp = [53],
            Ports = EdgeDefinition.NoPorts.Add("default", new PortPolicyDefinition { AmplificationGuard = false, MaxConnections = 7 }),
        });
        var (live, _) = _registry.Connect("a", "one");
        var ports = live.Config.Ports;
        Assert.Equal(["default", "udp/53"], ports.Keys);
        Assert.Equal((true, false), (ports["default"].AmplificationGuard, ports["udp/53"].AmplificationGuard));
        Assert.Equal(7, ports["udp/53"].MaxConnections);
    }

    [Fact]
    public async Task The_rate_that_a_port_admits_is_pushed_when_it_changes()
    {
        _registry.Allowed.Change(new EdgeDefinition
        {
            Id = "a",
            ListenPorts = [80, 443],
            ListenPortsUdp = [443],
            Ports = EdgeDefinition.NoPorts.Add("default", new PortPolicyDefinition { Adaptive = new AdaptiveDefinition { MaxRate = 100 } }),
        });
        _registry.Rates[443] = _registry.Rates[80] = 100;
        var (live, tunnel) = _registry.Connect("a", "one");
        Assert.Equal(["default"], live.Config.Ports.Keys);
        Assert.Equal(100, live.Config.Ports["default"].Adaptive);

        _registry.Live.Configs.RefreshRates("a");
        Assert.False(tunnel.HasConfig);
        _registry.Rates[443] = 80;
        _registry.Live.Configs.RefreshRates("other");
        Assert.False(tunnel.HasConfig);
        _registry.Live.Configs.RefreshRates("a");
        var pushed = await tunnel.NextConfigAsync();
        Assert.Equal((2, 80, 100), (pushed.Hub!.Rev, pushed.Ports["tcp/443"].Adaptive, pushed.Ports["default"].Adaptive));
        Assert.Equal(["default", "tcp/443"], pushed.Ports.Keys);

        // The rate of before is not told once the port has no such setting any more.
        _registry.Allowed.Change(new EdgeDefinition { Id = "a", ListenPorts = [80, 443], ListenPortsUdp = [443] });
        Assert.Empty((await tunnel.NextConfigAsync()).Ports);
    }

    [Fact]
    public async Task What_an_edge_could_bind_is_told_with_no_more_than_an_event_has_room_for()
    {
        var (live, tunnel) = _registry.Connect("a", "one");
        var failed = Enumerable.Range(1000, 100).Select(port => new FailedPort(port * 2, "tcp", "address in use")).Append(
            new FailedPort(8000, "tcp", "not allowed", 8010));
        ((IHubTunnelHandler)live).OnReport(
            tunnel,
            new Report
            {
                Kind = Report.ConfigApplied,
                Rev = 1,
                Bound = [new BoundPort(80, "tcp"), new BoundPort(90, "tcp", 99)],
                Failed = [.. failed],
            });

        var told = await _registry.Events.NextAsync<PortsAppliedEvent>();
        Assert.Equal(("a", 1L, 11, 111L, 16), (told.EdgeId, told.Rev, told.Bound, told.Failed, told.FailedPorts.Length));
    }

    [Fact]
    public void What_the_edge_does_not_see_is_not_pushed_but_is_in_force()
    {
        var (live, tunnel) = _registry.Connect("a", "one");
        _registry.Allowed.Change(TestRegistry.Edge("a", 80) with
        {
            Ports = new Dictionary<string, PortPolicyDefinition> { ["tcp/80"] = new() { TargetPort = 8080 } }.ToImmutableSortedDictionary(),
        });

        Assert.False(tunnel.HasConfig);
        Assert.Equal(8080, live.FindPort(udp: false, 80, _registry.Time.GetUtcNow())?.TargetPort);
    }

    [Fact]
    public async Task A_block_is_pushed_at_once_to_the_edges_that_it_is_for()
    {
        _registry.Allowed.Put(TestRegistry.Edge("b", 80));
        var (_, a) = _registry.Connect("a", "one");
        var (_, b) = _registry.Connect("b", "two");
        _registry.Blocks.Add("192.0.2.0/24", 60, "a");

        var pushed = await a.NextConfigAsync();
        Assert.Equal("""{"timedBlocks":[{"ip":"192.0.2.0/24","seconds":60}]}""", pushed.FirewallConfig!.Value.GetRawText());
        Assert.Equal(2, pushed.Hub!.Rev);
        Assert.False(b.HasConfig);
    }

    [Fact]
    public async Task An_edge_that_comes_later_is_told_with_its_first_configuration_and_again_with_each_push()
    {
        _registry.Blocks.Add("192.0.2.7", 60);
        var firewall = JsonElement.Parse("""{"blockedIps":["198.51.100.1"]}""");
        _registry.Allowed.Change(TestRegistry.Edge("a", 80) with { FirewallConfig = firewall });
        var (live, tunnel) = _registry.Connect("a", "one");
        const string both = """{"blockedIps":["198.51.100.1"],"timedBlocks":[{"ip":"192.0.2.7","seconds":60}]}""";
        Assert.Equal(both, live.Config.FirewallConfig!.Value.GetRawText());
        Assert.False(tunnel.HasConfig);

        _registry.Allowed.Change(TestRegistry.Edge("a", 443) with { FirewallConfig = firewall });
        Assert.Equal(both, (await tunnel.NextConfigAsync()).FirewallConfig!.Value.GetRawText());
    }

    [Fact]
    public async Task Pins_are_announced_at_once_and_to_those_who_come_later_and_it_is_known_who_knows()
    {
        _registry.Live.Configs.AnnouncePins(["old"]);
        var (live, tunnel) = _registry.Connect("a", "one");
        Assert.Equal(["old"], live.Config.Hub!.Pins);
        Assert.Equal(IPAddress.Loopback, live.Config.Hub.SeenAs);
        Assert.False(tunnel.HasConfig);

        _registry.Live.Configs.AnnouncePins(["old", "new"]);
        var pushed = await tunnel.NextConfigAsync();
        Assert.Equal(["old", "new"], pushed.Hub!.Pins);
        Assert.Equal(IPAddress.Loopback, pushed.Hub.SeenAs);
        Assert.False(_registry.Live.Configs.Knows("a", "new"));
        ((IHubTunnelHandler)live).OnReport(tunnel, new Report { Kind = Report.ConfigApplied, Rev = pushed.Hub.Rev });
        Assert.True(_registry.Live.Configs.Knows("a", "new"));

        // Pins that were told already are no push, and other pushes have them too.
        _registry.Live.Configs.AnnouncePins(["old", "new"]);
        Assert.False(tunnel.HasConfig);
        _registry.Allowed.Change(TestRegistry.Edge("a", 443));
        Assert.Equal(["old", "new"], (await tunnel.NextConfigAsync()).Hub!.Pins);
        _registry.Allowed.Remove("a");
        Assert.False(_registry.Live.Configs.Knows("a", "new"));
    }

    [Fact]
    public async Task An_edges_firewall_that_somebody_changed_is_an_event_and_stays_in_the_status()
    {
        var (live, tunnel) = _registry.Connect("a", "one");
        var drift = new FirewallDrift(1, "2 rules missing", true);
        var applied = new FirewallReport { State = FirewallReport.Applied, Mode = "full" };
        ((IHubTunnelHandler)live).OnReport(
            tunnel, new Report { Kind = Report.Firewall, Rev = 3, FirewallState = applied with { Drift = drift } });
        var raised = await _registry.Events.NextAsync<FirewallDriftedEvent>();
        Assert.Equal(("a", "2 rules missing", true), (raised.EdgeId, raised.What, raised.Mended));
        ((IHubTunnelHandler)live).OnReport(tunnel, new Report { Kind = Report.Firewall, Rev = 4, FirewallState = applied });
        Assert.Equal(drift, Assert.Single(_registry.Live.Read(ConnectedEdges.Describe)).Firewall?.Drift);
    }

    [Fact]
    public async Task A_block_between_an_edges_answer_and_its_entry_is_not_lost()
    {
        var live = _registry.Live.Admit(
            _registry.Allowed.Find("a")!, _registry.Allowed.SecretIdOf("a"), new IPEndPoint(IPAddress.Loopback, 1),
            id => new HubInfo { TunnelId = id, Rev = 1 })!;
        _registry.Blocks.Add("192.0.2.7", 60);
        var tunnel = new FakeTunnel();
        _registry.Live.Begin(live, tunnel);
        Assert.Contains("192.0.2.7", (await tunnel.NextConfigAsync()).FirewallConfig!.Value.GetRawText(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_an_edge_says_of_its_firewall_is_in_the_status_and_an_event()
    {
        var (live, tunnel) = _registry.Connect("a", "one");
        var report = new Report
        {
            Kind = Report.Firewall,
            Rev = 3,
            FirewallState = new FirewallReport { State = FirewallReport.RolledBack, Mode = "full", Errors = ["timed out"] },
        };
        ((IHubTunnelHandler)live).OnReport(tunnel, report);

        var raised = await _registry.Events.NextAsync<FirewallConfigUpdatedEvent>();
        Assert.Equal(("a", 3, false, "rolledBack: timed out"), (raised.EdgeId, raised.Rev, raised.Applied, raised.Error));
        Assert.Equal("rolledBack", Assert.Single(_registry.Live.Read(ConnectedEdges.Describe)).Firewall?.State);
    }

    [Fact]
    public async Task What_the_edge_applies_is_pushed_and_never_a_target()
    {
        var (_, tunnel) = _registry.Connect("a", "one");
        _registry.Allowed.Change(TestRegistry.Edge("a", 80, 81, 82) with
        {
            Ports = EdgeDefinition.NoPorts
                .Add("default", new PortPolicyDefinition { TargetHost = "10.0.0.5", MaxConnections = 7 })
                .Add("tcp/81", new PortPolicyDefinition { TargetPort = 8080, DenyCidrs = CidrSet.Parse("192.0.2.7") })
                .Add("tcp/82", new PortPolicyDefinition { TargetPort = 8080 }),
        });

        var pushed = await tunnel.NextConfigAsync();
        Assert.Equal(["default", "tcp/81"], pushed.Ports.Keys);
        Assert.Equal(new EdgePortPolicy { MaxConnections = 7 }, pushed.PolicyFor("tcp/80"));
        Assert.Equal(new EdgePortPolicy { MaxConnections = 7, DenyCidrs = CidrSet.Parse("192.0.2.7") }, pushed.PolicyFor("tcp/81"));
        Assert.DoesNotContain("10.0.0.5", Encoding.UTF8.GetString(ControlMessage.Serialize(pushed)), StringComparison.Ordinal);
    }

    [Fact]
    public void An_equal_policy_is_not_pushed_again()
    {
        EdgeDefinition Edge() => TestRegistry.Edge("a", 80) with
        {
            Ports = EdgeDefinition.NoPorts.Add("tcp/80", new PortPolicyDefinition { AllowCidrs = CidrSet.Parse("192.0.2.0/24") }),
        };
        _registry.Allowed.Put(Edge());
        var (_, tunnel) = _registry.Connect("a", "one");
        _registry.Allowed.Change(Edge());
        Assert.False(tunnel.HasConfig);
    }

    [Fact]
    public async Task A_change_between_the_answer_and_the_entry_is_not_lost()
    {
        var live = _registry.Live.Admit(
            _registry.Allowed.Find("a")!, _registry.Allowed.SecretIdOf("a"), new(1, 1), id => new HubInfo { TunnelId = id, Rev = 1 })!;
        _registry.Allowed.Change(TestRegistry.Edge("a", 81));
        var tunnel = new FakeTunnel();
        _registry.Live.Begin(live, tunnel);

        Assert.Equal([81], (await tunnel.NextConfigAsync()).ListenPorts);
    }

    [Theory]
    [InlineData("removed")]
    [InlineData("disabled")]
    [InlineData("otherSecret")]
    public async Task What_is_allowed_no_longer_ends_at_once(string change)
    {
        _registry.Allowed.Put(TestRegistry.Edge("b", 80));
        var (_, tunnel) = _registry.Connect("a", "one");
        var other = _registry.Connect("b", "two");
        switch (change)
        {
            case "removed":
                _registry.Allowed.Remove("a");
                break;
            case "disabled":
                _registry.Allowed.Change(TestRegistry.Edge("a", 80) with { Enabled = false });
                break;
            case "otherSecret":
                _registry.Allowed.Change(TestRegistry.Edge("a", 80) with { Secret = "another-secret" });
                break;
        }

        Assert.Equal(TunnelEndKind.Revoked, (await tunnel.EndAsync()).Kind);
        Assert.False(other.Tunnel.Completion.IsCompleted);
    }

    [Fact]
    public void Only_so_many_edges_are_let_in()
    {
        var registry = new TestRegistry(options: LiveEdgesOptions.Default with { MaxEdges = 1 });
        registry.Allowed.Put(TestRegistry.Edge("a"));
        registry.Allowed.Put(TestRegistry.Edge("b"));
        registry.Connect("a", "one");

        Assert.Null(registry.Live.Admit(registry.Allowed.Find("b")!, Guid.Empty, new(1, 1), _ => new HubInfo()));
        Assert.NotNull(registry.Live.Admit(registry.Allowed.Find("a")!, Guid.Empty, new(1, 1), _ => new HubInfo()));
    }

    [Fact]
    public async Task The_status_shows_what_is_connected_and_what_could_not_be_bound()
    {
        var (live, tunnel) = _registry.Connect("a", "one");
        tunnel.Counters = new TunnelCounters { BytesReceived = 5, BytesSent = 7 };
        ((IHubTunnelHandler)live).OnReport(tunnel, new Report
        {
            Kind = Report.ConfigApplied,
            Rev = 1,
            Failed = [new FailedPort(80, "tcp", "address in use")],
        });

        var edge = Assert.Single(_registry.Live.Read(ConnectedEdges.Describe));
        Assert.Equal(("a", "one", 5L, 7L, 12.5), (edge.EdgeId, edge.Instance, edge.BytesIn, edge.BytesOut, edge.Rtt));
        Assert.Equal("address in use", Assert.Single(edge.FailedPorts).Error);

        await tunnel.CloseAsync(new TunnelEnd(TunnelEndKind.PeerClosed, ""));
        await _registry.Events.NextAsync<EdgeDisconnectedEvent>();
        Assert.Empty(_registry.Live.Read(ConnectedEdges.Describe));
    }

    [Fact]
    public async Task A_hub_that_stops_goes_on_taking_streams_until_shortly_before_its_end()
    {
        var (live, tunnel) = _registry.Connect("a", "one");
        var stopping = _registry.Live.StopAsync(TimeSpan.FromSeconds(30));

        _registry.Time.Advance(TimeSpan.FromSeconds(27.9));
        Assert.False(tunnel.HasGoAway);
        _registry.Time.Advance(TimeSpan.FromSeconds(0.1));
        Assert.Equal(GoAway.Shutdown, await tunnel.NextGoAwayAsync());
        ((ITunnelHandler)live).OnGoAway(tunnel, new GoAway(GoAway.Shutdown, 0));
        Assert.False(tunnel.Completion.IsCompleted);
        _registry.Time.Advance(TimeSpan.FromSeconds(2));
        await stopping.WaitAsync(Patience.Limit);
        Assert.Equal(TunnelEndKind.Closed, (await tunnel.EndAsync()).Kind);
        Assert.Null(_registry.Live.Admit(_registry.Allowed.Find("a")!, Guid.Empty, new(1, 1), _ => new HubInfo()));
    }
}
