using Tunnel.Hub.Edges.Allowed;
using Tunnel.Hub.Edges.Definitions;
using Tunnel.Shared.Operator;

namespace Tunnel.Hub.UnitTests.Edges.Allowed;

public sealed class AllowedEdgeTests
{
    [Fact]
    public void Ports_are_expanded_sorted_and_assigned()
    {
        var edge = AllowedEdge.From(new EdgeDefinition { Id = "a", ListenPorts = [443, new PortRange(80, 82)], ListenPortsUdp = [53] });
        Assert.Equal([80, 81, 82, 443], edge.TcpPorts);
        Assert.Equal([53], edge.UdpPorts);
        Assert.True(edge.IsAssigned(udp: false, 81));
        Assert.False(edge.IsAssigned(udp: false, 53));
        Assert.False(edge.IsAssigned(udp: true, 443));
    }

    [Fact]
    public void A_ports_own_policy_wins_over_the_default_member_by_member()
    {
        var edge = AllowedEdge.From(new EdgeDefinition
        {
            Id = "a",
            ListenPorts = [80, 443],
            Ports = EdgeDefinition.NoPorts
                .Add("default", new PortPolicyDefinition { TargetHost = "10.0.0.1", ConnectTimeout = 9 })
                .Add("tcp/443", new PortPolicyDefinition { TargetHost = "10.0.0.2", ProxyProtocol = ProxyProtocol.V2 }),
        });
        Assert.Equal(
            new PortPolicy { TargetHost = "10.0.0.2", ConnectTimeout = TimeSpan.FromSeconds(9), ProxyProtocol = ProxyProtocol.V2 },
            edge.PolicyFor(udp: false, 443));
        Assert.Equal(new PortPolicy { TargetHost = "10.0.0.1", ConnectTimeout = TimeSpan.FromSeconds(9) }, edge.PolicyFor(udp: false, 80));
    }

    [Fact]
    public void What_is_built_in_is_v1_5_seconds_no_idle_limit_for_TCP_and_60_seconds_for_UDP()
    {
        var edge = AllowedEdge.From(new EdgeDefinition { Id = "a", ListenPorts = [80], ListenPortsUdp = [53] });
        var (tcp, udp) = (edge.PolicyFor(udp: false, 80), edge.PolicyFor(udp: true, 53));
        Assert.Equal(((ProxyProtocol?)null, TimeSpan.FromSeconds(5), null), (tcp.ProxyProtocol, tcp.ConnectTimeout, tcp.IdleTimeout));
        Assert.Equal(((UdpProxyProtocol?)null, TimeSpan.FromSeconds(60)), (udp.UdpProxyProtocol, udp.IdleTimeout));
    }

    [Fact]
    public void No_idle_limit_in_the_default_entry_is_for_TCP_alone()
    {
        var edge = AllowedEdge.From(new EdgeDefinition
        {
            Id = "a",
            ListenPorts = [80, 81],
            ListenPortsUdp = [53],
            Ports = EdgeDefinition.NoPorts
                .Add("default", new PortPolicyDefinition { IdleTimeout = 0 })
                .Add("tcp/81", new PortPolicyDefinition { IdleTimeout = 7 }),
        });
        Assert.Null(edge.PolicyFor(udp: false, 80).IdleTimeout);
        Assert.Equal(TimeSpan.FromSeconds(7), edge.PolicyFor(udp: false, 81).IdleTimeout);
        Assert.Equal(TimeSpan.FromSeconds(60), edge.PolicyFor(udp: true, 53).IdleTimeout);
    }

    [Fact]
    public void A_disabled_port_is_not_assigned()
    {
        var edge = AllowedEdge.From(new EdgeDefinition
        {
            Id = "a",
            ListenPorts = [80, 443],
            Ports = EdgeDefinition.NoPorts.Add("tcp/443", new PortPolicyDefinition { Enabled = false }),
        });
        Assert.Equal([80], edge.TcpPorts);
        Assert.False(edge.IsAssigned(udp: false, 443));
    }

    [Fact]
    public void Neither_the_edge_nor_its_definition_prints_the_secret()
    {
        var definition = TestEdges.WithSecret("a");
        Assert.Null(AllowedEdge.From(definition).Definition.Secret);
        Assert.DoesNotContain(TestEdges.Secret, definition.ToString(), StringComparison.Ordinal);
    }
}
