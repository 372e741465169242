using System.Text.Json.Nodes;
using Tunnel.Edge.Firewall;
using Tunnel.TestUtilities;

namespace Tunnel.Edge.UnitTests.Firewall;

/// <summary>
/// Each table has one owner: edges of one machine, processes of one edge, and tables that were left behind are told apart.
/// </summary>
public class NftTableTests
{
    private static readonly Ruleset Rules = RulesetBuilder.Build(Plans.Of("""{"blockedIps":["192.0.2.1"]}"""), 0);

    private readonly ManualTimeProvider _time = new();
    private readonly FakeNft _nft = new();

    [Fact]
    public async Task Two_edges_of_a_machine_have_a_table_each_and_leave_each_others_alone()
    {
        NftTable first = Create("aaa"), second = Create("bbb");
        await InstallAsync(first);
        Assert.Equal((false, null), await second.RemoveLeftoverAsync(CancellationToken.None));
        await InstallAsync(second);
        Assert.Equal(["tunnel_edge", "tunnel_edge_bbb"], _nft.Tables);

        foreach (var table in new[] { first, second, first })
        {
            await InstallAsync(table);
            Assert.Null(await first.FindDriftAsync(CancellationToken.None));
            Assert.Null(await second.FindDriftAsync(CancellationToken.None));
        }

        await first.InstallAsync(null, CancellationToken.None);
        Assert.Equal(["tunnel_edge_bbb"], _nft.Tables);
        await second.InstallAsync(null, CancellationToken.None);
        Assert.Empty(_nft.Tables);
    }

    [Fact]
    public async Task A_restart_removes_what_its_own_killed_process_left_and_nothing_else()
    {
        await InstallAsync(Create("aaa"));
        await InstallAsync(Create("bbb"));
        Assert.Equal((true, null), await Create("bbb", "later").RemoveLeftoverAsync(CancellationToken.None));
        Assert.Equal(["tunnel_edge"], _nft.Tables);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_successor_takes_over_and_the_earlier_process_lets_it(bool removesLeftover)
    {
        NftTable earlier = Create("aaa", "1"), successor = Create("aaa", "2");
        await InstallAsync(earlier);
        if (removesLeftover)
            await successor.RemoveLeftoverAsync(CancellationToken.None);
        await InstallAsync(successor);
        Assert.Equal(["tunnel_edge"], _nft.Tables);

        Assert.Null(await earlier.FindDriftAsync(CancellationToken.None));
        Assert.Equal(NftOutcome.Refused, (await earlier.InstallAsync(Rules, CancellationToken.None)).Outcome);
        await earlier.InstallAsync(null, CancellationToken.None);
        Assert.Null(await successor.FindDriftAsync(CancellationToken.None));
        Assert.Equal(["tunnel_edge"], _nft.Tables);
    }

    [Fact]
    public async Task Tables_that_are_nobodys_we_know_are_not_taken()
    {
        _nft.TakeOver(new NftOwner("", 0, ""));
        _nft.TakeOver(new NftOwner("", 0, ""), "tunnel_edge_aaa");
        var result = await Create("aaa").InstallAsync(Rules, CancellationToken.None);
        Assert.Equal(NftOutcome.Refused, result.Outcome);
        Assert.Contains("tunnel_edge and tunnel_edge_aaa are there and are not this edge's", result.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("flush", "7 rules missing")]
    [InlineData("rule", "1 rule missing")]
    [InlineData("added", "1 rule added")]
    [InlineData("element", "1 element missing")]
    [InlineData("more", "1 element added")]
    [InlineData("timed", "1 element missing")]
    [InlineData("chain", "1 chain missing")]
    [InlineData("policy", "1 chain missing, 1 chain added")]
    [InlineData("order", "rules in another order")]
    [InlineData("gone", "the table is gone, or has another owner")]
    public async Task Whatever_somebody_else_changes_is_found_and_put_back(string change, string drift)
    {
        var ruleset = RulesetBuilder.Build(Plans.Of("""{"blockedIps":["192.0.2.1"]}""", ("203.0.113.9", 400)), 0);
        var table = Create("aaa");
        Assert.True((await table.InstallAsync(ruleset, CancellationToken.None)).Succeeded);
        _time.Advance(TimeSpan.FromSeconds(100));
        Assert.Null(await table.FindDriftAsync(CancellationToken.None));

        if (change == "gone")
            _nft.Flush();
        else
            _nft.Change(inForce => Change(inForce, change));
        Assert.Equal(drift, await table.FindDriftAsync(CancellationToken.None));
        Assert.True((await table.RestoreAsync(ruleset, CancellationToken.None)).Succeeded);
        Assert.Null(await table.FindDriftAsync(CancellationToken.None));
        Assert.Equal(7, _nft.Rules.Count);
    }

    [Fact]
    public async Task Blocks_that_end_counts_and_remembered_sources_are_no_drift()
    {
        var ruleset = RulesetBuilder.Build(
            Plans.Of("""{"rateLimits":[{"id":"web","port":443,"rate":"3/hour","burst":3,"perSourceIP":true}]}""", ("203.0.113.9", 400)), 0);
        var table = Create("aaa");
        await table.InstallAsync(ruleset, CancellationToken.None);
        _time.Advance(TimeSpan.FromSeconds(399));
        _nft.Change(inForce =>
        {
            inForce.Elements.Remove("timed4");
            foreach ((var kind, var item) in inForce.Objects.Values)
                item[kind == "counter" ? "packets" : "handle"] = 17;
            var sources = inForce.Objects.Keys.First(name => name.StartsWith("rate4_", StringComparison.Ordinal));
            inForce.Elements[sources] = [JsonValue.Create("192.0.2.7")];
        });
        Assert.Null(await table.FindDriftAsync(CancellationToken.None));
    }

    private static void Change(FakeNftTable inForce, string change)
    {
        switch (change)
        {
            case "flush":
                inForce.Rules.Clear();
                break;
            case "rule":
                inForce.Rules.RemoveAt(2);
                break;
            case "added":
                inForce.Rules.Insert(0, new JsonObject { ["chain"] = "input", ["comment"] = "theirs" });
                break;
            case "element":
                inForce.Elements.Remove("blocked4");
                break;
            case "more":
                inForce.Elements["blocked4"].Add(JsonValue.Create("198.51.100.1"));
                break;
            case "timed":
                inForce.Elements.Remove("timed4");
                break;
            case "chain":
                inForce.Objects.Remove("input");
                break;
            case "policy":
                var chain = inForce.Objects["input"].Item.DeepClone().AsObject();
                chain["policy"] = "drop";
                inForce.Objects["input"] = ("chain", chain);
                break;
            case "order":
                inForce.Rules.Reverse();
                break;
        }
    }

    private NftTable Create(string identity, string instance = "abc") => new(_nft, identity, instance, _time);

    private static async Task InstallAsync(NftTable table) =>
        Assert.True((await table.InstallAsync(Rules, CancellationToken.None)).Succeeded);
}
