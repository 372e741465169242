using System.Text.Json;
using Tunnel.Edge.Configuring;
using Tunnel.Edge.Connecting;
using Tunnel.Edge.UnitTests.Fakes;
using Tunnel.Shared.Protocol.Messages;
using Tunnel.TestUtilities;

namespace Tunnel.Edge.UnitTests.Configuring;

public sealed class ConfigElectionTests
{
    private readonly ConfigElection _election = new(new ManualTimeProvider());

    [Fact]
    public void The_newest_state_decides_whatever_comes_first()
    {
        var (older, newer) = (From(0, state: 1, 80), From(1, state: 2, 443));
        Assert.True(_election.Take(older));
        Assert.True(_election.Take(newer));
        Assert.Same(newer, _election.InForce);
        Assert.True(_election.IsOutdated(older));
        Assert.False(_election.IsOutdated(newer));

        // The older hub is not listened to until it has the newest state.
        var again = From(0, state: 1, 80, 81);
        Assert.False(_election.Take(again));
        Assert.Same(newer, _election.InForce);
        var newest = From(0, state: 3, 80, 81);
        Assert.True(_election.Take(newest));
        Assert.Same(newest, _election.InForce);
    }

    [Fact]
    public void What_is_the_same_is_not_applied_again_and_its_hub_is_not_behind()
    {
        var (first, second) = (From(0, state: 5, 80), From(1, state: 7, 80));
        Assert.True(_election.Take(first));
        Assert.False(_election.Take(second));
        Assert.Same(second, _election.InForce);
        Assert.False(_election.IsOutdated(first));
        Assert.False(_election.Take(Gone(1)));
        Assert.Same(first, _election.InForce);

        // A hub that has a new tunnel is answered as ever.
        Assert.True(_election.Take(From(0, state: 5, 80)));
    }

    [Fact]
    public void Of_several_with_the_same_state_the_one_in_force_stays_and_else_the_first_counts()
    {
        var (b, c, a) = (From(1, 1, 80), From(2, 1, 80), From(0, 1, 80));
        Assert.True(_election.Take(b));
        Assert.False(_election.Take(c));
        Assert.False(_election.Take(a));
        Assert.Same(b, _election.InForce);
        _election.Take(Gone(1));
        Assert.Same(a, _election.InForce);
        Assert.Equal([a, c], _election.Present);
    }

    [Fact]
    public void A_hub_that_does_not_say_its_state_is_behind_all_that_do()
    {
        var unknown = From(0, state: null, 80);
        Assert.True(_election.Take(unknown));
        Assert.True(_election.Take(From(1, state: 0, 443)));
        Assert.True(_election.IsOutdated(unknown));
    }

    [Fact]
    public void The_last_ones_stays_in_force_when_it_is_gone_but_not_when_another_process_has_the_id()
    {
        var only = From(0, 1, 80);
        _election.Take(only);
        Assert.False(_election.Take(Gone(0)));
        Assert.Same(only, _election.InForce);
        Assert.False(_election.Take(Gone(0) with { IsGone = false, IsRelease = true }));
        Assert.Null(_election.InForce);
    }

    [Fact]
    public void What_each_hub_counts_for_itself_is_no_difference()
    {
        const string block = """{"rules":[],"timedBlocks":[{"ip":"192.0.2.7","seconds":60}]}""";
        var shared = new EdgePortPolicy { Adaptive = 100 };
        var older = WithPolicies(WithFirewall(From(0, state: 1, 80, 443), block), ("default", shared));
        var newer = WithPolicies(
            WithFirewall(From(1, state: 2, 80, 443), block.Replace("60", "59", StringComparison.Ordinal)),
            ("default", shared), ("tcp/443", shared with { Adaptive = 50 }));

        _election.Take(older);
        _election.Take(newer);

        Assert.Same(newer, _election.InForce);
        Assert.False(_election.IsOutdated(older));
        Assert.All(_election.Asking, hub => Assert.True(hub.IsInForce));

        // Whether there is such a limit is the operator's choice.
        var without = WithPolicies(WithFirewall(From(0, state: 1, 80, 443), block), ("tcp/443", shared));
        _election.Take(without);
        Assert.True(_election.IsOutdated(without));
        Assert.All(_election.Asking, hub => Assert.True(hub.IsInForce));
    }

    [Fact]
    public void A_block_that_only_a_hub_knows_whose_configuration_is_not_in_force_is_news_and_counts_while_it_has_a_tunnel()
    {
        const string block = """{"timedBlocks":[{"ip":"192.0.2.7","seconds":60}]}""";
        var inForce = From(0, state: 2, 80);
        Assert.True(_election.Take(inForce));
        Assert.False(_election.Take(From(1, state: 2, 80)));

        Assert.True(_election.Take(WithFirewall(From(1, state: 2, 80), block)));
        Assert.Same(inForce, _election.InForce);
        Assert.Equal([false, true], _election.Asking.Select(hub => hub.Blocks is not null));
        Assert.False(_election.Take(From(2, state: 2, 80)));

        Assert.True(_election.Take(Gone(1)));
        Assert.False(_election.Take(From(1, state: 2, 80)));
    }

    [Fact]
    public void A_block_of_a_hub_that_wants_another_firewall_is_not_in_force_nor_one_of_a_firewall_that_is_not_valid()
    {
        _election.Take(From(0, state: 2, 80));
        foreach (var firewall in (string[])[
            """{"blockedIps":["192.0.2.1"],"timedBlocks":[{"ip":"192.0.2.7","seconds":60}]}""",
            """{"blockedIps":7,"timedBlocks":[{"ip":"192.0.2.7","seconds":60}]}"""])
        {
            Assert.False(_election.Take(WithFirewall(From(1, state: 2, 80), firewall)));
            Assert.Equal([true, false], _election.Asking.Select(hub => hub.IsInForce));
        }
    }

    private static ReceivedConfig WithFirewall(ReceivedConfig received, string json)
    {
        using var document = JsonDocument.Parse(json);
        return received with { Config = received.Config with { FirewallConfig = document.RootElement.Clone() } };
    }

    private static ReceivedConfig WithPolicies(ReceivedConfig received, params (string Key, EdgePortPolicy Policy)[] policies)
    {
        var all = TunnelConfig.NoPolicies.AddRange(policies.Select(policy => KeyValuePair.Create(policy.Key, policy.Policy)));
        return received with { Config = received.Config with { Ports = all } };
    }

    private static ReceivedConfig From(int hub, long? state, params int[] ports) => new(
        new FakeTunnel(), new TunnelConfig { ListenPorts = [.. ports], Hub = new HubInfo { State = state } }, Initial: true)
    {
        Hub = hub,
    };

    private static ReceivedConfig Gone(int hub) => new(new FakeTunnel(), new TunnelConfig(), Initial: false) { Hub = hub, IsGone = true };
}
