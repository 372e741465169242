using System.Net;
using Tunnel.Hub.Edges.Definitions;
using Tunnel.Hub.Forwarding;
using Tunnel.Hub.Traffic;
using Tunnel.Shared.Protocol.Addresses;
using Tunnel.Shared.Transport;

namespace Tunnel.Hub.UnitTests.Forwarding;

/// <summary>Each rule of the gate lets clients in or not, for TCP and UDP.</summary>
public sealed class PortGateTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_client_of_an_assigned_port_is_let_in_and_led_to_the_ports_target(bool udp)
    {
        using var hub = new ForwardingFixture();
        hub.ConnectEdge(new PortPolicyDefinition { TargetHost = "10.0.0.9", TargetPort = 8080, LogConnections = true });

        var entry = hub.Gate.TryEnter(hub.Live, udp, 1, Opening(80), out var route, out _);
        Assert.NotNull(entry);
        Assert.Equal(
            new PortRoute(new TrafficKey("a", udp, 80), "10.0.0.9", 8080) { Proxy = ProxyProtocol.V1, UdpProxy = UdpProxyProtocol.Each },
            route);
        Assert.Equal(route, entry.Route);
        Assert.Empty(hub.Traffic.Live());

        entry.Begin(new Counts(3, 4));
        Assert.Equal((3L, 4L, udp ? "udp" : "tcp"), hub.Traffic.Live().Select(live => (live.BytesIn, live.BytesOut, live.Proto)).Single());

        entry.End("completed");
        Assert.Empty(hub.Traffic.Live());
        var record = Assert.Single(hub.Traffic.Log.Find(new ConnectionFilter(), null, 10));
        Assert.Equal((ConnectionAction.Allowed, "completed", 3L, 4L), (record.Action, record.Reason, record.BytesIn, record.BytesOut));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_port_that_is_not_the_edges_leads_nowhere(bool udp) =>
        AssertTurnedAway(udp, new PortPolicyDefinition(), Opening(22), GateFailure.PortNotAssigned, reason: null);

    [Theory]
    [InlineData(false, "tooManyStreams")]
    [InlineData(true, "tooManySessions")]
    public void An_edge_with_as_many_as_it_may_have_gets_no_more(bool udp, string reason) =>
        AssertTurnedAway(udp, new PortPolicyDefinition(), Opening(80), GateFailure.TooMany, reason, active: 101);

    [Fact]
    public async Task Streams_of_lost_tunnels_that_wait_count_in_the_limit_of_their_edge()
    {
        using var hub = new ForwardingFixture();
        hub.ConnectEdge(new PortPolicyDefinition());
        for (var i = 0; i < 3; i++)
        {
            hub.ConnectAgain();
            hub.Tunnel.StreamsToMove = 33;
            await hub.Tunnel.CloseAsync(new TunnelEnd(TunnelEndKind.ConnectionLost, "cut"));
        }

        hub.ConnectAgain();
        hub.Tunnel.ActiveStreams = 1;
        Assert.NotNull(hub.Gate.TryEnter(hub.Live, udp: false, 1, Opening(80), out _, out _));
        hub.Tunnel.ActiveStreams = 2;
        Assert.Null(hub.Gate.TryEnter(hub.Live, udp: false, 2, Opening(80), out _, out var failure));
        Assert.Equal(GateFailure.TooMany, failure);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void The_ports_lists_hold_again(bool udp) => AssertTurnedAway(
        udp,
        new PortPolicyDefinition { DenyCidrs = CidrSet.Parse(ForwardingFixture.Client.Address.ToString()) },
        Opening(80),
        GateFailure.SourceDenied,
        "sourceDenied");

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void An_address_that_the_upstream_may_trust_is_not_taken_from_the_edge(bool udp) => AssertTurnedAway(
        udp,
        new PortPolicyDefinition { AllowPrivateSources = false },
        new StreamOpening(new IPEndPoint(IPAddress.Parse("10.0.0.1"), 1), ForwardingFixture.Public, 80),
        GateFailure.PrivateSource,
        "privateSource");

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_client_without_an_address_is_not_taken_for_the_hub(bool udp) =>
        AssertTurnedAway(udp, new PortPolicyDefinition(), new StreamOpening(null, null, 80), GateFailure.UnknownSource, "unknownSource");

    private static StreamOpening Opening(int port) => new(ForwardingFixture.Client, ForwardingFixture.Public, port);

    private static void AssertTurnedAway(
        bool udp, PortPolicyDefinition policy, in StreamOpening opening, GateFailure expected, string? reason, int active = 0)
    {
        using var hub = new ForwardingFixture();
        hub.ConnectEdge(policy with { LogConnections = true });
        hub.Tunnel.ActiveStreams = hub.Tunnel.ActiveSessions = active;

        Assert.Null(hub.Gate.TryEnter(hub.Live, udp, 1, opening, out var route, out var failure));
        Assert.Equal(expected, failure);
        Assert.Equal(new TrafficKey("a", udp, opening.RoutingPort), route.Port);

        // Refusals are counted and kept at a port that is the edge's, and at no other, of which a hostile edge could name thousands.
        var blocked = hub.Traffic.Find(route.Port)?.Describe(isListening: true, null).Blocked;
        Assert.Equal(reason is null ? null : new Dictionary<string, long> { [reason] = 1 }, blocked);
        Assert.Equal(
            reason is null ? [] : [reason], hub.Traffic.Log.Find(new ConnectionFilter(), null, 10).Select(record => record.Reason));
    }

    private sealed record Counts(long BytesIn, long BytesOut) : IByteCounts;
}
