using System.Net;
using Tunnel.Hub.Edges.Definitions;
using Tunnel.Hub.Targets.Pools;

namespace Tunnel.Hub.UnitTests.Targets.Pools;

/// <summary>Each way of balancing decides which member gets a client, and how many.</summary>
public sealed class BalanceTests
{
    private const int Clients = 10_000;

    [Theory]
    [InlineData(Balance.WeightedRoundRobin)]
    [InlineData(Balance.SourceHash)]
    public void Each_target_gets_what_its_weight_says(Balance balance)
    {
        var hub = new PoolFixture(new PoolPolicy { Targets = PoolFixture.Of(5, 3, 2), Balance = balance });
        var counts = Count(hub);
        AssertNear(5_000, counts[1]);
        AssertNear(3_000, counts[2]);
        AssertNear(2_000, counts[3]);
    }

    [Theory]
    [InlineData(Balance.LeastConnections)]
    [InlineData(Balance.Random2)]
    public void The_busy_ones_get_fewer_and_open_connections_follow_the_weights(Balance balance)
    {
        var hub = new PoolFixture(new PoolPolicy { Targets = PoolFixture.Of(5, 3, 2), Balance = balance });
        var open = Enumerable.Range(0, Clients).Select(_ => PoolFixture.LastOf(hub.Take()!)).CountBy(target => target).ToDictionary();
        AssertNear(5_000, open[1]);
        AssertNear(3_000, open[2]);
        AssertNear(2_000, open[3]);
    }

    [Fact]
    public void A_heavy_target_does_not_get_its_clients_in_a_row()
    {
        var hub = new PoolFixture(new PoolPolicy { Targets = PoolFixture.Of(5, 1, 1) });
        Assert.Equal([1, 1, 2, 1, 3, 1, 1], Enumerable.Range(0, 7).Select(_ => hub.Next()!.Value));
    }

    [Fact]
    public void A_quiet_port_spreads_its_clients_too()
    {
        var hub = new PoolFixture(new PoolPolicy { Targets = PoolFixture.Of(1, 1, 1), Balance = Balance.LeastConnections });
        Assert.Equal([1, 2, 3], Enumerable.Range(0, 3).Select(_ => hub.Next()!.Value).Order());
    }

    [Fact]
    public void A_client_stays_with_its_target_and_a_target_that_goes_takes_only_its_own_clients_with_it()
    {
        const int targets = 10;
        var hub = new PoolFixture(
            new PoolPolicy { Targets = PoolFixture.Of([.. Enumerable.Repeat(1, targets)]), Balance = Balance.SourceHash });
        var before = Enumerable.Range(0, Clients).Select(client => hub.Next(Source(client))!.Value).ToArray();
        Assert.Equal(before, Enumerable.Range(0, Clients).Select(client => hub.Next(Source(client))!.Value));

        hub.Pool.Change(
            PoolSpec.Of(
                new PoolPolicy { Targets = PoolFixture.Of([.. Enumerable.Repeat(1, targets - 1)]), Balance = Balance.SourceHash }, "", 80));
        var moved = 0;
        for (var client = 0; client < Clients; client++)
        {
            if (hub.Next(Source(client)) == before[client])
                continue;
            Assert.Equal(targets, before[client]);
            moved++;
        }

        Assert.InRange(moved, 1, Clients / targets * 115 / 100);
    }

    [Fact]
    public void The_addresses_of_one_IPv6_network_are_one_client()
    {
        var hub = new PoolFixture(new PoolPolicy { Targets = PoolFixture.Of(1, 1, 1, 1, 1, 1, 1, 1), Balance = Balance.SourceHash });
        Assert.Single(Enumerable.Range(1, 50).Select(host => hub.Next($"2001:db8::{host:x}")!.Value).Distinct());
        Assert.True(Enumerable.Range(1, 50).Select(network => hub.Next($"2001:db8:0:{network:x}::1")!.Value).Distinct().Count() > 3);
    }

    private static Dictionary<int, int> Count(PoolFixture hub) =>
        Enumerable.Range(0, Clients).Select(client => hub.Next(Source(client))!.Value).CountBy(target => target).ToDictionary();

    private static string Source(int client) => new IPAddress([203, 0, (byte)(client >> 8), (byte)client]).ToString();

    private static void AssertNear(int expected, int actual) =>
        Assert.InRange(actual, expected - (Clients * 3 / 100), expected + (Clients * 3 / 100));
}
