using System.Collections.Immutable;
using Tunnel.Hub.Edges.Allowed;
using Tunnel.Hub.Edges.Definitions;
using Tunnel.Hub.Edges.Live;
using Tunnel.Hub.UnitTests.Fakes;

namespace Tunnel.Hub.UnitTests.Edges.Live;

public sealed class AssignedPortsTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly DateTimeOffset Later = Now.AddSeconds(30);

    [Fact]
    public void Knows_only_the_ports_of_the_edge_and_the_right_protocol()
    {
        var ports = AssignedPorts.Of(AllowedEdge.From(TestRegistry.Edge("a", 80)));

        Assert.NotNull(ports.Find(udp: false, 80, Now));
        Assert.Null(ports.Find(udp: true, 80, Now));
        Assert.Null(ports.Find(udp: false, 22, Now));
    }

    [Fact]
    public void A_removed_port_is_served_during_the_drain_time_with_its_old_policy()
    {
        var before = TestRegistry.Edge("a", 80, 81) with
        {
            Ports = new Dictionary<string, PortPolicyDefinition> { ["tcp/81"] = new() { TargetPort = 8081 } }.ToImmutableSortedDictionary(),
        };
        var ports = AssignedPorts.Of(AllowedEdge.From(before)).ChangeTo(AllowedEdge.From(TestRegistry.Edge("a", 80)), Now, Later);

        Assert.Equal(8081, ports.Find(udp: false, 81, Later.AddTicks(-1))?.TargetPort);
        Assert.Null(ports.Find(udp: false, 81, Later));
        Assert.NotNull(ports.Find(udp: false, 80, Later));
    }

    [Fact]
    public void A_port_that_comes_back_has_its_new_policy()
    {
        var with = AllowedEdge.From(TestRegistry.Edge("a", 80));
        var without = AllowedEdge.From(TestRegistry.Edge("a"));
        var ports = AssignedPorts.Of(with).ChangeTo(without, Now, Later).ChangeTo(with, Now, Later);

        Assert.NotNull(ports.Find(udp: false, 80, Later.AddDays(1)));
    }

    [Fact]
    public void A_further_change_does_not_prolong_the_drain_time()
    {
        var without = AllowedEdge.From(TestRegistry.Edge("a"));
        var ports = AssignedPorts.Of(AllowedEdge.From(TestRegistry.Edge("a", 80)))
            .ChangeTo(without, Now, Later)
            .ChangeTo(AllowedEdge.From(TestRegistry.Edge("a", 99)), Now.AddSeconds(20), Later.AddSeconds(20));

        Assert.Null(ports.Find(udp: false, 80, Later));
    }
}
