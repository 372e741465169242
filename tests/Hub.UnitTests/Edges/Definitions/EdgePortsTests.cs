using Tunnel.Hub.Edges.Allowed;
using Tunnel.Hub.Edges.Definitions;
using Tunnel.Shared.Operator;

namespace Tunnel.Hub.UnitTests.Edges.Definitions;

public sealed class EdgePortsTests
{
    private static readonly PortPolicyDefinition Five = new() { MaxConnections = 5 };
    private static readonly PortPolicyDefinition Six = new() { MaxConnections = 6 };

    [Fact]
    public void A_range_stays_a_range_and_has_one_entry()
    {
        var edge = EdgePorts.Put(TestEdges.Edge("a"), Key("tcp/8000-8010"), Five);
        Assert.Equal([new PortRange(8000, 8010)], edge.ListenPorts);
        Assert.Equal(["tcp/8000-8010"], edge.Ports.Keys);
        Assert.Equal(Five, EdgePorts.Find(edge, Key("tcp/8005"), out _));
        var allowed = AllowedEdge.From(edge);
        Assert.Equal(11, allowed.TcpPorts.Length);
        Assert.Same(allowed.PolicyFor(false, 8000), allowed.PolicyFor(false, 8010));
        Assert.Equal(5, allowed.PolicyFor(false, 8003).Edge.MaxConnections);
        Assert.True(EdgeSetValidator.Validate([edge], _ => true, 1).IsValid);
    }

    [Fact]
    public void A_part_that_is_changed_splits_the_entry_and_not_the_list()
    {
        var edge = EdgePorts.Put(EdgePorts.Put(TestEdges.Edge("a"), Key("tcp/8000-8010"), Five), Key("tcp/8005"), Six);
        Assert.Equal([new PortRange(8000, 8010)], edge.ListenPorts);
        Assert.Equal(["tcp/8000-8004", "tcp/8005", "tcp/8006-8010"], edge.Ports.Keys.Order(StringComparer.Ordinal));
        Assert.Null(EdgePorts.Find(edge, Key("tcp/8004-8006"), out var parts));
        Assert.Equal(3, parts.Length);
        Assert.True(EdgeSetValidator.Validate([edge], _ => true, 1).IsValid);
    }

    [Fact]
    public void A_part_that_is_removed_leaves_the_rest_with_its_settings()
    {
        var edge = EdgePorts.Remove(EdgePorts.Put(TestEdges.Edge("a", 443), Key("tcp/8000-8010"), Five), Key("tcp/8000-8003"))!;
        Assert.Equal([443, new PortRange(8004, 8010)], edge.ListenPorts);
        Assert.Equal(["tcp/8004-8010"], edge.Ports.Keys);
        Assert.Null(EdgePorts.Remove(edge, Key("udp/443")));
    }

    [Fact]
    public void What_is_assigned_in_part_is_completed_and_what_says_nothing_has_no_entry()
    {
        var edge = EdgePorts.Put(TestEdges.Edge("a", new PortRange(8000, 8004), 8007), Key("tcp/8000-8010"), new PortPolicyDefinition());
        Assert.Equal(11, AllowedEdge.From(edge).TcpPorts.Length);
        Assert.Empty(edge.Ports);
        Assert.Equal(new PortPolicyDefinition(), EdgePorts.Find(edge, Key("tcp/8000-8010"), out _));
        Assert.Null(EdgePorts.Find(edge, Key("tcp/8000-8011"), out _));
    }

    [Theory]
    [InlineData("""[{"id":"a","listenPorts":["1-5"],"ports":{"tcp/1-6":{}}}]""", "$[0].ports['tcp/1-6']", "not assigned")]
    [InlineData("""[{"id":"a","listenPorts":["1-5"],"ports":{"tcp/1-3":{},"tcp/3":{}}}]""", "$[0].ports['tcp/3']", "\"tcp/1-3\"")]
    [InlineData("""[{"id":"a","listenPorts":["1-5"],"ports":{"tcp/3-3":{}}}]""", "$[0].ports['tcp/3-3']", "tcp/8000-8010")]
    [InlineData(
        """[{"id":"a","listenPortsUdp":["1-5"],"ports":{"udp/2-3":{"connectTimeout":5}}}]""", "$[0].ports['udp/2-3'].connectTimeout",
        "TCP")]
    public void An_entry_of_a_range_is_checked_like_any(string json, string path, string valid)
    {
        var fault = Assert.Single(TestEdges.Faults(json));
        Assert.Equal(path, fault.Path);
        Assert.Contains(valid, fault.Message, StringComparison.Ordinal);
    }

    private static PortKey Key(string text) => PortKey.TryParse(text, out var key) ? key : throw new FormatException(text);
}
