using System.Text.Json;
using System.Text.Json.Nodes;
using Tunnel.FunctionalTests.Harness;
using Tunnel.TestUtilities.Processes;
using static Tunnel.FunctionalTests.Firewall.FirewallNetwork;

namespace Tunnel.FunctionalTests.Firewall;

/// <summary><c>tunnel-hub firewall block</c> blocks sources, down to the packets.</summary>
public sealed class TimedBlockTests
{
    [Fact]
    public async Task A_block_takes_effect_at_once_and_ends_by_itself()
    {
        await using var setup = await FirewallSetup.StartAsync(null);
        await setup.Network.AssertConnectsAsync(Clients4[0], setup.Port);

        var answer = await setup.HubCommandAsync("firewall", "block", "10.9.0.10", "--for", "3s", "--json");
        var until = JsonDocument.Parse(answer.Succeeded().StandardOutput).RootElement.GetProperty("until").GetDateTimeOffset();
        await WaitForRuleAsync(setup, "10.9.0.10");
        await setup.Network.AssertConnectsAsync(Clients4[1], setup.Port);
        // The kernel's own clock ends the block: nobody pushes anything.
        await Eventually.IsTrueAsync(
            async () => !(await setup.Network.RulesetAsync()).Contains("10.9.0.10", StringComparison.Ordinal), "the block's end");
        Assert.True(DateTimeOffset.UtcNow >= until.AddSeconds(-1), "it ended early");
        await setup.Network.AssertConnectsAsync(Clients4[0], setup.Port);
        Assert.Empty((await setup.HubAsync(HttpMethod.Get, "api/v1/blocks")).Json().EnumerateArray());
    }

    [Fact]
    public async Task Open_connections_of_a_blocked_source_are_reset_and_others_go_on()
    {
        await using var setup = await FirewallSetup.StartAsync(null);
        using var blocked = await OpenAsync(setup, 0);
        using var other = await OpenAsync(setup, 1);

        (await setup.HubCommandAsync("firewall", "block", "10.9.0.10/32")).Succeeded();
        Assert.Equal((0, StreamEnd.Reset), await blocked.Client.DrainAsync());
        await setup.Network.AssertDroppedAsync(Clients4[0], setup.Port, "blocked");
        await other.AssertEchoAsync();

        (await setup.HubCommandAsync("firewall", "unblock", "10.9.0.10")).Succeeded();
        await Eventually.IsTrueAsync(
            async () => !(await setup.Network.RulesetAsync()).Contains("10.9.0.10", StringComparison.Ordinal), "the unblocking");
        await setup.Network.AssertConnectsAsync(Clients4[0], setup.Port);
    }

    [Fact]
    public async Task A_block_keeps_what_is_left_over_pushes_and_restarts_of_both()
    {
        await using var setup = await FirewallSetup.StartAsync(null);
        (await setup.HubCommandAsync("firewall", "block", "fd00:9:0:10::/64", "--for", "1h", "--reason", "scans")).Succeeded();
        await WaitForRuleAsync(setup, "fd00:9:0:10::/64");
        await setup.Network.AssertDroppedAsync(Clients6[0], setup.Port, "blocked");
        var first = await SecondsLeftAsync(setup);
        Assert.InRange(first, 3000, 3600);

        Assert.True((await setup.PushAsync("""{"blockedIps":["192.0.2.1"]}""")).IsSuccess);
        await WaitForRuleAsync(setup, "192.0.2.1");
        Assert.InRange(await SecondsLeftAsync(setup), 3000, first + 1);

        await setup.StopHubAsync();
        await setup.StopEdgeAsync();
        await setup.StartHubAsync();
        await setup.StartEdgeAsync();
        await WaitForRuleAsync(setup, "fd00:9:0:10::/64");
        Assert.InRange(await SecondsLeftAsync(setup), 3000, first + 1);
        await setup.Network.AssertDroppedAsync(Clients6[0], setup.Port, "blocked");
        Assert.Contains("scans", (await setup.HubCommandAsync("firewall", "list")).Succeeded().StandardOutput, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_hub_and_what_is_no_address_are_not_blocked()
    {
        await using var setup = await FirewallSetup.StartAsync(null);
        foreach (var (ip, why) in new[]
        {
            ("10.9.1.2", "address of this hub"), ("0.0.0.0/0", "loopback"), ("::ffff:127.0.0.1", "loopback"),
            ("; flush ruleset", "must be an address or a CIDR"),
        })
        {
            var answer = await setup.HubCommandAsync("firewall", "block", ip);
            Assert.Equal(2, answer.ExitCode);
            Assert.Contains(why, answer.StandardError, StringComparison.Ordinal);
        }

        Assert.Equal(2, (await setup.HubCommandAsync("firewall", "block", "192.0.2.1", "--edges", "nobody")).ExitCode);
        (await setup.HubCommandAsync("firewall", "block", "192.0.2.1", "--edges", "edge-1")).Succeeded();
        await WaitForRuleAsync(setup, "192.0.2.1");
    }

    private static Task WaitForRuleAsync(FirewallSetup setup, string source) =>
        Eventually.IsTrueAsync(
            async () => (await setup.Network.RulesetAsync()).Contains(source, StringComparison.Ordinal), $"{source} in the ruleset",
            explain: () => setup.Edge!.Log);

    private static async Task<long> SecondsLeftAsync(FirewallSetup setup)
    {
        var listing = JsonNode.Parse(
            (await setup.Network.NftAsync("-j", "list", "set", "inet", "tunnel_edge", "timed6")).Succeeded().StandardOutput)!;
        var set = listing["nftables"]!.AsArray().Select(item => item!["set"]).OfType<JsonObject>().Single();
        return (long)set["elem"]![0]!["elem"]!["expires"]!;
    }

    private static async Task<StreamPair> OpenAsync(FirewallSetup setup, int client)
    {
        var socket = setup.Network.CreateClient(Clients4[client]);
        await socket.ConnectAsync(EndPointFor(Clients4[client], setup.Port)).WaitAsync(TimeSpan.FromSeconds(30));
        return new StreamPair(socket, await setup.Upstream.AcceptAsync().WaitAsync(TimeSpan.FromSeconds(30)));
    }
}
