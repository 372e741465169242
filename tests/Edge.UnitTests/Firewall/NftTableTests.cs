using Tunnel.Edge.Firewall;

namespace Edge.UnitTests.Firewall;

/// <summary>Whose table is whose: edges of one machine, processes of one edge, and what was left behind.</summary>
public class NftTableTests
{
    private static readonly Ruleset Rules = RulesetBuilder.Build(Plans.Of("""{"blockedIps":["192.0.2.1"]}"""), 0);

    private readonly FakeNft _nft = new();

    [Fact]
    public async Task Two_edges_of_a_machine_have_a_table_each_and_leave_each_others_alone()
    {
        NftTable first = Create("aaa"), second = Create("bbb");
        await InstallAsync(first);
        Assert.False(await second.RemoveLeftoverAsync(CancellationToken.None));
        await InstallAsync(second);
        Assert.Equal(["tunnel_edge", "tunnel_edge_bbb"], _nft.Tables);

        foreach (NftTable table in new[] { first, second, first })
        {
            await InstallAsync(table);
            Assert.True(await first.IsInPlaceAsync(CancellationToken.None));
            Assert.True(await second.IsInPlaceAsync(CancellationToken.None));
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
        Assert.True(await Create("bbb", "later").RemoveLeftoverAsync(CancellationToken.None));
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

        Assert.True(await earlier.IsInPlaceAsync(CancellationToken.None));
        Assert.Equal(NftOutcome.Refused, (await earlier.InstallAsync(Rules, CancellationToken.None)).Outcome);
        await earlier.InstallAsync(null, CancellationToken.None);
        Assert.True(await successor.IsInPlaceAsync(CancellationToken.None));
        Assert.Equal(["tunnel_edge"], _nft.Tables);
    }

    [Fact]
    public async Task Tables_that_are_nobodys_we_know_are_not_taken()
    {
        _nft.TakeOver(new NftOwner("", 0, ""));
        _nft.TakeOver(new NftOwner("", 0, ""), "tunnel_edge_aaa");
        NftResult result = await Create("aaa").InstallAsync(Rules, CancellationToken.None);
        Assert.Equal(NftOutcome.Refused, result.Outcome);
        Assert.Contains("tunnel_edge and tunnel_edge_aaa are there and are not this edge's", result.Text, StringComparison.Ordinal);
    }

    private NftTable Create(string identity, string instance = "abc") => new(_nft, identity, instance);

    private static async Task InstallAsync(NftTable table) => Assert.True((await table.InstallAsync(Rules, CancellationToken.None)).Succeeded);
}
