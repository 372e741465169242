using System.Collections.Immutable;
using System.Text.Json;
using FsCheck;
using FsCheck.Fluent;
using Tunnel.Hub.Edges.Allowed;
using Tunnel.Hub.Edges.Definitions;
using Tunnel.Hub.Edges.Secrets;
using Tunnel.Hub.Edges.State;
using Tunnel.Shared.Operator;
using Tunnel.Shared.Protocol.Addresses;

namespace Tunnel.Hub.UnitTests.Edges.State;

public sealed class EdgeSetDifferTests
{
    private static readonly EdgeSecrets Secrets = EdgeSecrets.Create();

    [Fact]
    public void A_diff_leads_from_the_one_set_of_ports_to_the_other() =>
        Prop.ForAll<byte[], byte[]>((before, after) =>
        {
            var diff = EdgeSetDiffer.Compare(State(Edge(before)), State(Edge(after))).Edges.SingleOrDefault();
            HashSet<string> from = [.. before.Select(Key)], to = [.. after.Select(Key)];
            return diff is null
                ? from.SetEquals(to)
                : diff.PortsAdded.ToHashSet().SetEquals(to.Except(from)) && diff.PortsRemoved.ToHashSet().SetEquals(from.Except(to))
                    && !from.SetEquals(to);
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Edges_come_change_and_go()
    {
        var diff = EdgeSetDiffer.Compare(
            State(TestEdges.Edge("gone", 1), TestEdges.Edge("same", 2), TestEdges.Edge("other", 3)),
            State(TestEdges.Edge("same", 2), TestEdges.Edge("other", 4), TestEdges.Edge("new", 5)));
        Assert.Equal(
            [("gone", EdgeDiffKind.Removed), ("new", EdgeDiffKind.Added), ("other", EdgeDiffKind.Changed)],
            diff.Edges.Select(edge => (edge.Id, edge.Kind)));
        Assert.Equal("gone, new, other", EdgeSetDiffer.Names(diff));
        Assert.EndsWith(
            "e09, …",
            EdgeSetDiffer.Names(
                EdgeSetDiffer.Compare(State(), State([.. Enumerable.Range(0, 11).Select(i => TestEdges.Edge($"e{i:00}", 1))]))),
            StringComparison.Ordinal);
        var change = EdgeSetDiffer.ToChange(diff);
        Assert.Equal(["new"], change.Added);
        Assert.Equal(["other"], change.Updated);
        Assert.Equal(["gone"], change.Removed);
    }

    [Fact]
    public void Members_and_policies_are_named()
    {
        var before = TestEdges.Edge("a", 80, 443);
        var after = before with
        {
            Enabled = false,
            StunIntervalSecs = 60,
            FirewallConfig = JsonElement.Parse("{}"),
            TargetAllowCidrs = CidrSet.Parse("10.0.0.0/8"),
            Ports = EdgeDefinition.NoPorts.Add("tcp/80", new PortPolicyDefinition { TargetPort = 8080 }),
        };
        var edge = Assert.Single(EdgeSetDiffer.Compare(State(before), State(after)).Edges);
        Assert.Equal(["enabled", "stunIntervalSecs", "firewallConfig", "targetAllowCidrs"], edge.Members);
        Assert.Equal(["tcp/80", "tcp/443"], edge.PortsChanged);
    }

    [Fact]
    public void The_same_written_differently_is_no_change()
    {
        var one = TestEdges.Edge("a", 80, 81, 82) with { FirewallConfig = JsonElement.Parse("""{"a":1,"b":2}""") };
        var other = TestEdges.Edge("a", new PortRange(80, 82)) with { FirewallConfig = JsonElement.Parse("""{ "b": 2, "a": 1 }""") };
        Assert.True(EdgeSetDiffer.Compare(State(one), State(other)).IsEmpty);
    }

    [Fact]
    public void Equal_lists_are_no_change_and_another_address_is()
    {
        EdgeDefinition With(params string[] denied) => TestEdges.Edge("a", 80) with
        {
            Ports = EdgeDefinition.NoPorts.Add("default", new PortPolicyDefinition { DenyCidrs = CidrSet.Parse(denied) }),
        };
        Assert.True(EdgeSetDiffer.Compare(State(With("192.0.2.7")), State(With("192.0.2.7/32"))).IsEmpty);
        Assert.Equal(
            ["tcp/80"], Assert.Single(EdgeSetDiffer.Compare(State(With("192.0.2.7")), State(With("192.0.2.8"))).Edges).PortsChanged);
    }

    // Even numbers are TCP, odd ones UDP.
    private static EdgeDefinition Edge(byte[] ports) => new()
    {
        Id = "a",
        ListenPorts = [.. ports.Distinct().Where(port => port % 2 == 0).Select(port => PortRange.FromInt32(port + 1))],
        ListenPortsUdp = [.. ports.Distinct().Where(port => port % 2 == 1).Select(port => PortRange.FromInt32(port + 1))],
    };

    private static string Key(byte port) => PortKey.For(udp: port % 2 == 1, port + 1);

    private static EdgeState State(params EdgeDefinition[] edges) =>
        new(edges.ToImmutableDictionary(edge => edge.Id, edge => new EdgeEntry(AllowedEdge.From(edge), Secrets)));
}
