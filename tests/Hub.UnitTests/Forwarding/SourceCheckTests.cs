using System.Net;
using Tunnel.Hub.Edges.Definitions;
using Tunnel.Hub.Forwarding;
using Tunnel.Hub.Targets;
using Tunnel.Shared.Protocol;
using Tunnel.Shared.Protocol.Addresses;
using Tunnel.Shared.Protocol.Messages;

namespace Tunnel.Hub.UnitTests.Forwarding;

public sealed class SourceCheckTests
{
    [Theory]
    // An edge with a public address can't have clients with private ones.
    [InlineData("8.8.8.8", null, "1.1.1.1", "None")]
    [InlineData("8.8.8.8", null, "198.51.100.1", "Private")]
    [InlineData("8.8.8.8", null, "224.0.0.1", "Private")]
    [InlineData("8.8.8.8", null, "64:ff9b::7f00:1", "Private")]
    [InlineData("8.8.8.8", true, "64:ff9b::7f00:1", "None")]
    // An edge in a network of documentation's addresses has clients there, and none with private ones.
    [InlineData("203.0.113.1", null, "198.51.100.1", "None")]
    [InlineData("203.0.113.1", null, "10.0.0.1", "Private")]
    [InlineData("203.0.113.1", null, "::ffff:10.0.0.1", "Private")]
    [InlineData("203.0.113.1", null, "127.0.0.1", "Private")]
    [InlineData("203.0.113.1", null, "172.31.255.255", "Private")]
    [InlineData("203.0.113.1", null, "172.32.0.1", "None")]
    [InlineData("64:ff9b::203.0.113.1", null, "172.31.255.255", "Private")]
    [InlineData("64:ff9b::10.0.0.1", null, "172.31.255.255", "None")]
    [InlineData("64:ff9b:1::10.0.0.1", null, "172.31.255.255", "Private")]
    [InlineData("203.0.113.1", null, "::1", "Private")]
    [InlineData("203.0.113.1", null, "fd00::1", "Private")]
    [InlineData("203.0.113.1", null, "fe80::1", "Private")]
    [InlineData("203.0.113.1", null, "2001:db8::1", "None")]
    [InlineData("203.0.113.1", true, "10.0.0.1", "None")]
    // An edge that is reached in a private network may have such clients.
    [InlineData("192.168.1.5", null, "10.0.0.1", "None")]
    [InlineData("127.0.0.1", null, "127.0.0.1", "None")]
    [InlineData("192.168.1.5", false, "10.0.0.1", "Private")]
    public void Private_sources_depend_on_the_edges_own_address_unless_the_policy_says(
        string edge, bool? allow, string source, string expected) =>
        Assert.Equal(
            expected,
            SourceCheck.Check(new PortPolicy { AllowPrivateSources = allow }, IPAddress.Parse(source), IPAddress.Parse(edge)).ToString());

    [Theory]
    [InlineData(null, "8.8.8.8", "Unknown")]
    [InlineData(null, "10.0.0.1", "Unknown")]
    [InlineData(false, "10.0.0.1", "Unknown")]
    [InlineData(true, "8.8.8.8", "None")]
    public void Nobody_knows_who_a_client_without_an_address_is_unless_the_policy_says(bool? allow, string edge, string expected)
    {
        var balanced = new EdgePortPolicy { AcceptProxyProtocol = true, TrustedProxies = CidrSet.Parse("10.0.0.5") };
        Assert.Equal(expected, SourceCheck.Check(new PortPolicy { AllowPrivateSources = allow }, null, IPAddress.Parse(edge)).ToString());
        Assert.Equal(
            expected,
            SourceCheck.Check(new PortPolicy { AllowPrivateSources = allow, Edge = balanced }, null, IPAddress.Parse(edge)).ToString());
    }

    [Theory]
    [InlineData("192.0.2.1", "None")]
    [InlineData("192.0.2.7", "Denied")]
    [InlineData("198.51.100.1", "Denied")]
    [InlineData(null, "Denied")]
    public void The_lists_hold_for_what_the_edge_says_and_who_is_unknown_is_on_no_list(string? source, string expected)
    {
        var policy = new PortPolicy
        {
            Edge = new EdgePortPolicy { AllowCidrs = CidrSet.Parse("192.0.2.0/24"), DenyCidrs = CidrSet.Parse("192.0.2.7") },
        };
        Assert.Equal(expected, SourceCheck.Check(policy, source is null ? null : IPAddress.Parse(source), IPAddress.Loopback).ToString());
    }

    [Fact]
    public void A_balancers_health_check_passes()
    {
        var edge = new EdgePortPolicy
        {
            AcceptProxyProtocol = true,
            TrustedProxies = CidrSet.Parse("10.0.0.5"),
            AllowCidrs = CidrSet.Parse("192.0.2.0/24"),
        };
        Assert.Equal(
            SourceFault.None,
            SourceCheck.Check(new PortPolicy { Edge = edge }, IPAddress.Parse("10.0.0.5"), IPAddress.Parse("203.0.113.1")));
        Assert.Equal(
            SourceFault.Denied,
            SourceCheck.Check(new PortPolicy { Edge = edge }, IPAddress.Parse("10.0.0.6"), IPAddress.Parse("203.0.113.1")));
    }

    [Fact]
    public async Task A_stream_or_session_of_a_denied_client_is_refused_and_never_dialled()
    {
        var connector = new FakeConnector();
        using var hub = new ForwardingFixture(connector);
        hub.ConnectEdge(new PortPolicyDefinition { DenyCidrs = CidrSet.Parse(ForwardingFixture.Client.Address.ToString()) });

        Assert.Equal(ResetReason.Policy, await hub.OpenStream().ResetAsync());
        Assert.Null(hub.OpenSession().Sink);
        Assert.Null(connector.Asked);
        Assert.Equal(1, hub.Streams.Failures[StreamFailure.SourceDenied]);
        Assert.Equal(1, hub.Sessions.Failures[SessionFailure.SourceDenied]);
    }

    [Fact]
    public async Task A_stream_or_session_without_a_client_is_refused_and_never_dialled()
    {
        var connector = new FakeConnector();
        using var hub = new ForwardingFixture(connector);
        hub.ConnectEdge(new PortPolicyDefinition { LogConnections = true });

        Assert.Equal(ResetReason.Policy, await hub.OpenUnknownStream().ResetAsync());
        Assert.Null(hub.OpenUnknownSession());
        Assert.Null(connector.Asked);
        Assert.Equal(1, hub.Streams.Failures[StreamFailure.UnknownSource]);
        Assert.Equal(1, hub.Sessions.Failures[SessionFailure.UnknownSource]);
    }
}
