using System.Globalization;
using System.Text.Json;
using Tunnel.FunctionalTests.Harness;
using Tunnel.TestUtilities.Processes;
using static Tunnel.FunctionalTests.Firewall.FirewallNetwork;

namespace Tunnel.FunctionalTests.Firewall;

/// <summary>The real nft is on the edge's machine, and clients and the hub see its effects.</summary>
public sealed class FirewallTests
{
    private const string BlockOne = """{"blockedIps":["10.9.0.10/32"]}""";

    [Fact]
    public async Task Blocked_sources_get_no_connection_and_others_do()
    {
        await using var setup = await FirewallSetup.StartAsync(
            """{"blockedIps":["10.9.0.10","10.9.0.12/31","fd00:9:0:10::/64","fd00:9:0:10::/63"]}""");
        await setup.WaitForStateAsync("applied");

        foreach (var source in new[] { Clients4[0], Clients4[2], Clients4[3], Clients6[0], Clients6[1] })
            await setup.Network.AssertDroppedAsync(source, setup.Port, "blocked");
        foreach (var source in new[] { Clients4[1], Clients6[2], Clients6[3] })
            await setup.Network.AssertConnectsAsync(source, setup.Port);
    }

    [Fact]
    public async Task A_source_over_its_rate_is_held_up_and_others_are_not()
    {
        await using var setup = await FirewallSetup.StartAsync(null);
        var limit = $$"""{"rateLimits":[{"id":"web","port":{{setup.Port}},"rate":"3/hour","burst":3,"perSourceIP":true}]}""";
        Assert.True((await setup.PushAsync(limit)).IsSuccess);
        await setup.WaitForStateAsync("applied");

        foreach (var (source, other) in new[] { (Clients4[0], Clients4[1]), (Clients6[0], Clients6[1]) })
        {
            for (var i = 0; i < 3; i++)
                await setup.Network.AssertConnectsAsync(source, setup.Port);
            await setup.Network.AssertDroppedAsync(source, setup.Port, "over");
            await setup.Network.AssertConnectsAsync(other, setup.Port);
        }

        // A push that changes something else gives nobody a new allowance.
        Assert.True((await setup.PushAsync(limit.Insert(1, """ "blockedIps":["192.0.2.1"],"""))).IsSuccess);
        await Eventually.IsTrueAsync(
            async () => (await setup.Network.RulesetAsync()).Contains("192.0.2.1", StringComparison.Ordinal), "the push");
        await setup.Network.AssertDroppedAsync(Clients4[0], setup.Port, "over");
    }

    [Fact]
    public async Task A_rule_that_cuts_off_the_hub_is_taken_back_and_the_hub_is_told()
    {
        await using var setup = await FirewallSetup.StartAsync(BlockOne);
        await setup.WaitForStateAsync("applied");
        var cut = $$"""{"rules":[{"id":"cut","direction":"output","action":"drop","destPort":{{setup.TunnelPort}}}]}""";
        Assert.True((await setup.PushAsync(cut)).IsSuccess);
        await Eventually.IsTrueAsync(
            async () => (await setup.Network.RulesetAsync()).Contains("rule cut", StringComparison.Ordinal), "the rule");

        Assert.Contains("10.9.1.2", await setup.WaitForStateAsync("rolledBack", TimeSpan.FromSeconds(60)), StringComparison.Ordinal);
        Assert.DoesNotContain("rule cut", await setup.Network.RulesetAsync(), StringComparison.Ordinal);
        await setup.Network.AssertDroppedAsync(Clients4[0], setup.Port, "blocked");

        Assert.True((await setup.PushAsync("""{"blockedIps":["10.9.0.11"]}""")).IsSuccess);
        await setup.WaitForStateAsync("applied");
        await setup.Network.AssertConnectsAsync(Clients4[0], setup.Port);
    }

    [Fact]
    public async Task A_hub_that_dials_confirms_with_a_new_connection_and_without_one_the_rules_are_taken_back()
    {
        await using var setup = await FirewallSetup.StartDialledAsync(BlockOne);
        await setup.WaitForStateAsync("applied");

        // Open connections go on, and nothing new gets in.
        await setup.Network.NftAsync("add table inet other; add chain inet other in { type filter hook input priority -10; }; "
            + $"add rule inet other in tcp dport {setup.TunnelPort} ct state new drop");
        Assert.True((await setup.PushAsync("""{"blockedIps":["10.9.0.11"]}""")).IsSuccess);
        Assert.Contains(
            "made no new connection", await setup.WaitForStateAsync("rolledBack", TimeSpan.FromSeconds(60)), StringComparison.Ordinal);
        await setup.Network.AssertDroppedAsync(Clients4[0], setup.Port, "blocked");

        await setup.Network.NftAsync("delete table inet other");
        Assert.True((await setup.PushAsync("""{"blockedIps":["10.9.0.11","10.9.0.12"]}""")).IsSuccess);
        await setup.WaitForStateAsync("applied");
        await setup.Network.AssertConnectsAsync(Clients4[0], setup.Port);
    }

    [Fact]
    public async Task A_hub_that_dials_gets_in_whatever_its_rules_say_of_the_port_at_which_it_is_awaited()
    {
        await using var setup = await FirewallSetup.StartDialledAsync(null);
        Assert.True((await setup.PushAsync(
            $$"""{"rules":[{"id":"dial","direction":"input","action":"drop","protocol":"tcp","destPort":{{setup.TunnelPort}}}]}"""))
            .IsSuccess);
        await setup.WaitForStateAsync("applied");
        Assert.Contains("rule dial", await setup.Network.RulesetAsync(), StringComparison.Ordinal);

        // The new hub knows nothing of the tunnel before, and has to get in anew.
        await setup.StopHubAsync();
        await setup.StartHubAsync();
        await setup.WaitForStateAsync("applied");
        Assert.Contains("rule dial", await setup.Network.RulesetAsync(), StringComparison.Ordinal);
        await setup.Network.AssertConnectsAsync(Clients4[0], setup.Port);
    }

    [Fact]
    public async Task Over_quic_a_rule_that_cuts_off_udp_to_the_hub_is_taken_back_and_one_that_cuts_off_tcp_stays()
    {
        QuicRequired.Check();
        await using var setup = await FirewallSetup.StartAsync(BlockOne, null, "--transport", "quic");
        await setup.WaitForStateAsync("applied");

        Assert.True((await setup.PushAsync(Cut("udp"))).IsSuccess);
        Assert.Contains("10.9.1.2", await setup.WaitForStateAsync("rolledBack", TimeSpan.FromSeconds(60)), StringComparison.Ordinal);
        Assert.DoesNotContain("rule cut", await setup.Network.RulesetAsync(), StringComparison.Ordinal);

        // This edge has no tunnel over TCP.
        Assert.True((await setup.PushAsync(Cut("tcp"))).IsSuccess);
        await setup.WaitForStateAsync("applied");
        Assert.Contains("rule cut", await setup.Network.RulesetAsync(), StringComparison.Ordinal);

        string Cut(string protocol) =>
            $$"""{"rules":[{"id":"cut","direction":"output","action":"drop","protocol":"{{protocol}}","destPort":{{setup.TunnelPort}}}]}""";
    }

    [Fact]
    public async Task A_push_replaces_the_one_before_and_a_stop_leaves_nothing_but_what_is_not_ours()
    {
        await using var setup = await FirewallSetup.StartAsync(BlockOne);
        (await setup.Network.NftAsync("add table inet foreign; add chain inet foreign c; add rule inet foreign c counter")).Succeeded();
        await setup.WaitForStateAsync("applied");
        await setup.Network.AssertDroppedAsync(Clients4[0], setup.Port, "blocked");

        Assert.True(
            (await setup.PushAsync(
                """{"blockedIps":["10.9.0.11"],"rules":[{"id":"a","direction":"input","action":"reject","sourceIP":"10.9.0.12"}]}""")).IsSuccess);
        await Eventually.IsTrueAsync(
            async () => (await setup.Network.RulesetAsync()).Contains("10.9.0.11", StringComparison.Ordinal), "the push");

        // nft has the rules a moment before the edge goes by them at its own ports.
        await Eventually.IsTrueAsync(
            () => Task.FromResult(setup.Edge!.Log.Split("The firewall is in force").Length > 2), "the edge's own list");
        await setup.Network.AssertConnectsAsync(Clients4[0], setup.Port);
        await setup.Network.AssertDroppedAsync(Clients4[1], setup.Port, "blocked");

        await setup.StopEdgeAsync();
        var left = await setup.Network.RulesetAsync();
        Assert.DoesNotContain("tunnel_edge", left, StringComparison.Ordinal);
        Assert.Contains("counter packets 0", left, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_a_killed_edge_left_is_gone_after_its_restart()
    {
        await using var setup = await FirewallSetup.StartAsync(BlockOne);
        await setup.WaitForStateAsync("applied");
        setup.Edge!.Signal(ManagedProcess.SigKill);
        await setup.Edge.WaitForExitAsync(TimeSpan.FromSeconds(30));
        Assert.Contains("tunnel_edge", await setup.Network.RulesetAsync(), StringComparison.Ordinal);

        Assert.True((await setup.PushAsync(null)).IsSuccess);
        await setup.StartEdgeAsync();
        Assert.DoesNotContain("tunnel_edge", await setup.Network.RulesetAsync(), StringComparison.Ordinal);
        await setup.Network.AssertConnectsAsync(Clients4[0], setup.Port);
    }

    [Fact]
    public async Task Two_edges_of_one_machine_keep_their_firewalls_apart()
    {
        await using var setup = await FirewallSetup.StartAsync(BlockOne);
        await setup.WaitForStateAsync("applied");
        await using var second = await setup.StartSecondEdgeAsync("""{"blockedIps":["10.9.0.11"]}""");
        await setup.Network.AssertDroppedAsync(Clients4[0], setup.Port, "blocked");
        Assert.Equal(2, (await setup.Network.RulesetAsync()).Split("table inet tunnel_edge").Length - 1);

        // A restart after a kill removes only the edge's own table.
        setup.Edge!.Signal(ManagedProcess.SigKill);
        await setup.Edge.WaitForExitAsync(TimeSpan.FromSeconds(30));
        Assert.True((await setup.PushAsync(null)).IsSuccess);
        await setup.StartEdgeAsync();
        var left = await setup.Network.RulesetAsync();
        Assert.Contains("10.9.0.11", left, StringComparison.Ordinal);
        Assert.DoesNotContain("10.9.0.10", left, StringComparison.Ordinal);

        second.Signal(ManagedProcess.SigTerm);
        Assert.Equal(0, await second.WaitForExitAsync(TimeSpan.FromSeconds(60)));
        Assert.DoesNotContain("tunnel_edge", await setup.Network.RulesetAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("flush table inet tunnel_edge", "rules missing")]
    [InlineData("delete element inet tunnel_edge blocked4 { 10.9.0.10 }", "1 element missing")]
    [InlineData("insert rule inet tunnel_edge input accept", "1 rule added")]
    [InlineData("flush ruleset", "the table is gone")]
    public async Task What_somebody_changes_by_hand_is_put_back_and_told(string change, string told)
    {
        await using var setup = await FirewallSetup.StartAsync(
            $$"""{"blockedIps":["10.9.0.10","192.0.2.0/24"],"rateLimits":[{"id":"web","port":80,"rate":"3/hour","perSourceIP":true},{"id":"all","port":81,"rate":"3/hour"}]}""");
        await setup.WaitForStateAsync("applied");
        (await setup.HubCommandAsync("firewall", "block", "203.0.113.7", "--for", "1h")).Succeeded();
        // This waits until the edge has looked at what is in force: changes before that look are taken for its own.
        await Eventually.IsTrueAsync(
            () => Task.FromResult(setup.Edge!.Log.Contains("sources that are blocked: 3", StringComparison.Ordinal)), "the block",
            explain: () => setup.Edge!.Log);

        (await setup.Network.NftAsync(change)).Succeeded();
        var drift = await Eventually.GetAsync(
            async () =>
                await setup.ReportedAsync() is { } firewall && firewall.TryGetProperty("drift", out var found) ? found.GetRawText() : null,
            "the drift", explain: () => setup.Edge!.Log);
        Assert.Contains(told, drift, StringComparison.Ordinal);
        Assert.Contains("\"mended\":true", drift.Replace(" ", "", StringComparison.Ordinal), StringComparison.Ordinal);
        await setup.Network.AssertDroppedAsync(Clients4[0], setup.Port, "blocked");
        // The edge's own rules are no drift.
        Assert.Equal(
            1, (await setup.EdgeStatusAsync())!.Value.GetProperty("firewall").GetProperty("drift").GetProperty("count").GetInt64());
        await setup.StopEdgeAsync();
        Assert.DoesNotContain("tunnel_edge", await setup.Network.RulesetAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Protected_ports_stay_open_whatever_the_hub_says()
    {
        const int Protected = 2222;
        await using var setup = await FirewallSetup.StartAsync(
            """{"blockedIps":["0.0.0.0/0"],"rules":[{"id":"all","direction":"input","action":"drop"}]}""", null, "--protected-ports",
            "22,2222");
        await setup.WaitForStateAsync("applied");
        await setup.Network.AssertDroppedAsync(Clients4[0], setup.Port, "blocked");
        // Nothing listens, but the packet came in: the kernel refuses.
        using var client = setup.Network.CreateClient(Clients4[0]);
        var error = await Assert.ThrowsAsync<System.Net.Sockets.SocketException>(
            () => client.ConnectAsync(EndPointFor(Clients4[0], Protected)).WaitAsync(TimeSpan.FromSeconds(30)));
        Assert.Equal(System.Net.Sockets.SocketError.ConnectionRefused, error.SocketErrorCode);
    }

    [Fact]
    public async Task An_edge_that_lets_hubs_only_block_leaves_out_the_rest()
    {
        await using var setup = await FirewallSetup.StartAsync(
            """{"blockedIps":["10.9.0.10"],"rules":[{"id":"all","direction":"input","action":"drop"}]}""", null, "--firewall", "blockOnly");
        Assert.Contains("left out", await setup.WaitForStateAsync("applied"), StringComparison.Ordinal);
        await setup.Network.AssertDroppedAsync(Clients4[0], setup.Port, "blocked");
        await setup.Network.AssertConnectsAsync(Clients4[1], setup.Port);
    }

    [Fact]
    public async Task An_edge_without_a_firewall_touches_nothing_and_says_so()
    {
        await using var setup = await FirewallSetup.StartAsync(BlockOne, null, "--firewall", "off");
        await setup.WaitForStateAsync("off");
        Assert.Equal("", await setup.Network.RulesetAsync());
    }

    [Fact]
    public async Task An_edge_without_the_right_warns_once_tells_the_hub_and_works()
    {
        await using var setup = await FirewallSetup.StartAsync(
            BlockOne, ["/usr/bin/setpriv", "--bounding-set", "-net_admin", "--inh-caps", "-net_admin"]);
        Assert.Contains("CAP_NET_ADMIN", await setup.WaitForStateAsync("unavailable"), StringComparison.Ordinal);
        await setup.Network.AssertConnectsAsync(Clients4[1], setup.Port);
        // At its own ports the edge keeps the blocked source out all the same.
        using (var client = setup.Network.CreateClient(Clients4[0]))
        {
            try
            {
                await client.ConnectAsync(EndPointFor(Clients4[0], setup.Port)).WaitAsync(TimeSpan.FromSeconds(30));
                Assert.Equal((0, StreamEnd.Reset), await client.DrainAsync());
            }
            catch (System.Net.Sockets.SocketException error) when (error.SocketErrorCode == System.Net.Sockets.SocketError.ConnectionReset)
            {
                // The reset came before the connect was seen to be done.
            }
        }

        Assert.Equal(1, (await setup.EdgeStatusAsync())!.Value.GetProperty("refused").GetProperty("blocked").GetInt32());
        Assert.True((await setup.PushAsync("""{"blockedIps":["10.9.0.11"]}""")).IsSuccess);
        await Eventually.IsTrueAsync(() => setup.Edge!.Log.Contains("Configuration 2", StringComparison.Ordinal), "the push");
        Assert.Single(setup.Edge!.Log.Split('\n'), line => line.Contains("can't be put in force here", StringComparison.Ordinal));
        var status = await setup.HubCommandAsync("status");
        Assert.Contains("firewall unavailable", status.Succeeded().StandardOutput, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Ten_thousand_blocked_addresses_fit()
    {
        var many = JsonSerializer.Serialize(
            new
            {
                blockedIps = Enumerable.Range(0, 10_000).Select(i => $"172.{16 + (i >> 14)}.{(i >> 7) & 127}.{(i & 127) * 2}").Append(
                    "10.9.0.10"),
            });
        await using var setup = await FirewallSetup.StartAsync(many);
        await setup.WaitForStateAsync("applied");
        Assert.Equal(10_001, (await setup.EdgeStatusAsync())!.Value.GetProperty("firewall").GetProperty("blocked").GetInt32());
        await setup.Network.AssertDroppedAsync(Clients4[0], setup.Port, "blocked");
        await setup.Network.AssertConnectsAsync(Clients4[1], setup.Port);
    }

    [Fact]
    public async Task Hostile_strings_change_nothing_but_the_answer()
    {
        await using var setup = await FirewallSetup.StartAsync(BlockOne);
        await setup.WaitForStateAsync("applied");
        var before = await setup.Network.RulesetAsync();
        string[] hostile = [
            "; flush ruleset", "$(reboot)", "`reboot`", "\" } }, { \"flush\": { \"ruleset\": null } }", "@blocked4", "{ 10.9.0.11 }",
            "10.9.0.11\n", "-f", "", new('9', 5000)];
        foreach (var text in hostile)
        {
            var config = JsonSerializer.Serialize(new Dictionary<string, object>
            {
                ["blockedIps"] = new[] { text },
                ["rateLimits"] = new[] { new { id = text, port = text, protocol = text, rate = text, burst = text, perSourceIP = text } },
                ["rules"] = new[] { new { id = text, direction = text, action = text, sourceIP = text, destPort = text, protocol = text } },
            });
            var answer = await setup.PushAsync(config);
            Assert.Equal(400, answer.StatusCode);
            // All of the edges are told; "-f" is an id like any other.
            Assert.InRange(answer.Json().GetProperty("errors").GetArrayLength(), 11, 13);
        }

        Assert.Equal(WithoutCounts(before), WithoutCounts(await setup.Network.RulesetAsync()));
        await setup.Network.AssertDroppedAsync(Clients4[0], setup.Port, "blocked");
    }

    private static string WithoutCounts(string ruleset) =>
        string.Join(
            '\n',
            ruleset.Split('\n').Where(line => !line.Contains("packets", StringComparison.Ordinal)).Select(
                line => line.ToString(CultureInfo.InvariantCulture)));
}
