using System.Net;
using System.Net.Sockets;
using Tunnel.Hub.Edges.Definitions;
using Tunnel.Hub.Traffic;
using Tunnel.Hub.UnitTests.Forwarding;
using Tunnel.Shared.Protocol.Messages;
using Tunnel.Shared.Transport;

namespace Tunnel.Hub.UnitTests.Traffic;

/// <summary>Forwarding leaves its traces in the counters, the list of streams and the log.</summary>
public sealed class TrafficTests
{
    [Fact]
    public void A_stream_is_listed_while_it_is_open_and_counted_and_logged_after()
    {
        using var hub = Connected(new PortPolicyDefinition { LogConnections = true, TargetHost = "::1" });
        var stream = hub.OpenStream();

        var live = Assert.Single(hub.Traffic.Live());
        Assert.Equal(
            ("a", 80, "tcp", "203.0.113.7:40000", "[::1]:80", 10L, 20L),
            (live.EdgeId, live.Port, live.Proto, live.Client, live.Target, live.BytesIn, live.BytesOut));
        Assert.Equal((1, 1L, 10L, 20L), Numbers(Port(hub)));

        hub.Time.Advance(TimeSpan.FromSeconds(2.5));
        stream.EndByPeer();
        Assert.Empty(hub.Traffic.Live());
        Assert.Equal((0, 1L, 10L, 20L), Numbers(Port(hub)));
        var record = Assert.Single(Log(hub));
        Assert.Equal(
            (ConnectionAction.Allowed, "resetByPeer", 10L, 20L, 2.5, live.Client),
            (record.Action, record.Reason, record.BytesIn, record.BytesOut, record.Duration, record.Client));
    }

    [Fact]
    public async Task A_dial_that_fails_is_an_error_of_the_port_and_the_reason_in_the_log()
    {
        using var closed = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        closed.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        using var hub = new ForwardingFixture();
        hub.ConnectEdge(new PortPolicyDefinition { LogConnections = true, TargetPort = ((IPEndPoint)closed.LocalEndPoint!).Port });
        var stream = hub.OpenStream();
        await stream.ResetAsync();
        stream.EndByPeer();

        Assert.Equal(1, Port(hub).Errors["refused"]);
        Assert.True(Port(hub).Listening);
        Assert.False(Port(hub).Healthy);
        Assert.Equal("refused", Assert.Single(Log(hub)).Reason);
    }

    [Fact]
    public void Without_logConnections_nothing_is_logged()
    {
        using var hub = Connected(new PortPolicyDefinition());
        hub.OpenStream().EndByPeer();
        Report(hub, new BlockedReport { Sources = [new BlockedSource(80, "tcp", "denied", "192.0.2.7", 3)] });
        Assert.Empty(Log(hub));
    }

    [Fact]
    public void What_the_edge_blocked_is_counted_by_reason_and_logged_with_its_source()
    {
        using var hub = Connected(new PortPolicyDefinition { LogConnections = true });
        Report(hub, new BlockedReport
        {
            Counts = [
                new BlockedCount(80, "tcp", "denied", 5), new BlockedCount(80, "udp", "denied", 7),
                new BlockedCount(22, "tcp", "denied", 1)],
            Sources = [new BlockedSource(80, "tcp", "denied", "192.0.2.7", 3), new BlockedSource(22, "tcp", "denied", "192.0.2.8", 1)],
            Dropped = 2,
        });

        Assert.Equal(5, Port(hub).Blocked["denied"]);
        Assert.Null(hub.Traffic.Find(new TrafficKey("a", Udp: false, 22)));
        var record = Assert.Single(Log(hub));
        Assert.Equal((ConnectionAction.Blocked, "denied", "192.0.2.7", 3L), (record.Action, record.Reason, record.Client, record.Count));
        Assert.Equal(2, hub.Traffic.LogDropped);
    }

    [Fact]
    public void A_client_that_the_hub_itself_turns_away_is_blocked_too()
    {
        using var hub = Connected(new PortPolicyDefinition { LogConnections = true, AllowPrivateSources = false });
        hub.OpenStream(client: new IPEndPoint(IPAddress.Parse("10.0.0.1"), 5));
        Assert.Equal(1, Port(hub).Blocked["privateSource"]);
        Assert.Equal(("privateSource", "10.0.0.1:5"), Assert.Single(Log(hub)) is var record ? (record.Reason, record.Client) : default);
    }

    [Fact]
    public void Reasons_of_a_hostile_edge_are_bounded()
    {
        var port = new PortTraffic(new TrafficKey("a", false, 1));
        for (var i = 0; i < 1000; i++)
            port.CountBlocked($"reason{i}", 1);
        var blocked = port.Describe(true, null).Blocked;
        Assert.InRange(blocked.Count, 1, 65);
        Assert.Equal(1000, blocked.Values.Sum());
    }

    [Fact]
    public void A_session_is_listed_counted_and_logged_with_why_it_ended()
    {
        using var upstream = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        upstream.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        using var hub = new ForwardingFixture();
        hub.ConnectEdge(new PortPolicyDefinition { LogConnections = true, TargetPort = ((IPEndPoint)upstream.LocalEndPoint!).Port });
        var (_, sink) = hub.OpenSession();
        sink!.OnDatagram(new byte[100]);

        Assert.Equal((1, 1L, 100L, 0L), Numbers(Port(hub, udp: true)));
        Assert.Equal("udp", Assert.Single(hub.Traffic.Live()).Proto);
        // The edge ends the session first; the hub waits ten seconds longer than the port's time.
        hub.Time.Advance(TimeSpan.FromSeconds(72));
        Assert.Equal((0, 1L, 100L, 0L), Numbers(Port(hub, udp: true)));
        Assert.Equal(
            ("udp", "idleTimeout", 100L), Assert.Single(Log(hub)) is var record ? (record.Proto, record.Reason, record.BytesIn) : default);
    }

    private static ForwardingFixture Connected(PortPolicyDefinition policy)
    {
        var hub = new ForwardingFixture(new FakeConnector());
        hub.ConnectEdge(policy);
        return hub;
    }

    private static void Report(ForwardingFixture hub, BlockedReport blocked) =>
        ((IHubTunnelHandler)hub.Live).OnReport(
            hub.Tunnel, new Report { Kind = Tunnel.Shared.Protocol.Messages.Report.Blocked, BlockedClients = blocked });

    private static PortStatus Port(ForwardingFixture hub, bool udp = false) =>
        hub.Traffic.Of("a", udp, 80).Describe(isListening: true, null);

    private static IEnumerable<ConnectionRecord> Log(ForwardingFixture hub) => hub.Traffic.Log.Find(new ConnectionFilter(), null, 100);

    private static (int Active, long Total, long In, long Out) Numbers(PortStatus port) =>
        (port.ActiveConnections, port.TotalConnections, port.BytesIn, port.BytesOut);
}
