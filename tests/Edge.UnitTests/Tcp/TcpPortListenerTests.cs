using System.Net;
using System.Net.Sockets;
using Tunnel.Edge.Endpoints;
using Tunnel.Edge.Ports;
using Tunnel.Edge.Refusing;
using Tunnel.Edge.Tcp;
using Tunnel.Edge.UnitTests.Fakes;
using Tunnel.Shared.Protocol;
using Tunnel.Shared.Sockets;
using Tunnel.Shared.Transport.KernelMemory;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.Edge.UnitTests.Tcp;

public sealed class TcpPortListenerTests
{
    [Fact]
    public async Task Without_a_tunnel_a_client_is_reset_at_once_and_the_port_stays_open()
    {
        using var fixture = new ListenerFixture();
        var listener = fixture.ListenTcp(IPAddress.Loopback);

        await AssertResetAsync(listener.LocalPort);
        await AssertResetAsync(listener.LocalPort);

        Assert.Equal(2, fixture.Refusals[RefusalReason.NoTunnel]);
        Assert.Equal(2, fixture.Refusals.ToDictionary()["noTunnel"]);
    }

    [Fact]
    public async Task A_tunnel_that_takes_no_streams_means_a_reset()
    {
        using var fixture = new ListenerFixture();
        fixture.Tunnels.Current = new FakeTunnel { TakesNew = false };
        var listener = fixture.ListenTcp(IPAddress.Loopback);

        await AssertResetAsync(listener.LocalPort);

        Assert.Equal(1, fixture.Refusals[RefusalReason.TunnelTakesNone]);
        Assert.Equal(0, listener.Active);
    }

    [Fact]
    public async Task Near_the_descriptor_limit_a_client_is_reset()
    {
        long limit = int.MaxValue;
        using var descriptors = new DescriptorGuard(() => limit, TimeProvider.System);
        using var fixture = new ListenerFixture(descriptors);
        fixture.Tunnels.Current = new FakeTunnel();
        var listener = fixture.ListenTcp(IPAddress.Loopback);
        limit = 1;

        await AssertResetAsync(listener.LocalPort);

        Assert.Equal(1, fixture.Refusals[RefusalReason.DescriptorLimit]);
    }

    [Fact]
    public async Task With_the_kernels_memory_for_TCP_nearly_used_up_a_client_is_reset()
    {
        using var fixture = new ListenerFixture();
        fixture.Tunnels.Current = new FakeTunnel();
        var listener = fixture.ListenTcp(IPAddress.Loopback);
        fixture.Transport.TcpMemory.Start(() => new TcpMemoryFigures(Used: 90, 0, 0, Limit: 100));

        await AssertResetAsync(listener.LocalPort);

        Assert.Equal(1, fixture.Refusals[RefusalReason.TcpMemory]);
    }

    [Fact]
    public async Task A_fault_with_one_client_is_that_clients_end_and_the_next_is_served()
    {
        using var fixture = new ListenerFixture();
        var tunnel = new FakeTunnel { BeforeOpen = () => throw new InvalidOperationException("injected by the test") };
        fixture.Tunnels.Current = tunnel;
        var listener = fixture.ListenTcp(IPAddress.Loopback);
        using var first = await ListenerFixture.ConnectAsync(IPAddress.Loopback, listener.LocalPort);
        Assert.Equal(0, await first.ReceiveAsync(new byte[1]).Soon());

        tunnel.BeforeOpen = null;
        using var second = await ListenerFixture.ConnectAsync(IPAddress.Loopback, listener.LocalPort);

        await tunnel.NextStreamAsync();
        Assert.Null(listener.Fault);
    }

    [Fact]
    public async Task A_client_gets_a_stream_that_names_both_addresses_and_the_port()
    {
        using var fixture = new ListenerFixture();
        var tunnel = new FakeTunnel();
        fixture.Tunnels.Current = tunnel;
        var listener = fixture.ListenTcp(IPAddress.Loopback);

        using var client = await ListenerFixture.ConnectAsync(IPAddress.Loopback, listener.LocalPort);
        var opened = await tunnel.NextStreamAsync();

        Assert.Equal(client.LocalEndPoint, opened.Opening.Source);
        Assert.Equal(client.RemoteEndPoint, opened.Opening.Destination);
        await Eventually.IsTrueAsync(() => listener.Active == 1, "the client is counted");
        opened.Stream.End(default);
        await Eventually.IsTrueAsync(() => listener.Active == 0, "the client is counted out");
    }

    [Fact]
    public async Task A_dual_stack_port_shows_IPv4_clients_as_IPv4()
    {
        if (!BindAddress.ProbeIpv6())
            Assert.Skip("IPv6 is off on this machine.");
        using var fixture = new ListenerFixture();
        var tunnel = new FakeTunnel();
        fixture.Tunnels.Current = tunnel;
        var listener = fixture.ListenTcp(IPAddress.IPv6Any);

        using var client = await ListenerFixture.ConnectAsync(IPAddress.Loopback, listener.LocalPort);
        var opened = await tunnel.NextStreamAsync();

        Assert.Equal(client.LocalEndPoint, opened.Opening.Source);
        Assert.Equal(new IPEndPoint(IPAddress.Loopback, listener.LocalPort), opened.Opening.Destination);
    }

    [Fact]
    public async Task Connections_of_a_closed_port_have_the_drain_time_and_are_reset_then()
    {
        // The address is one of its own, because another test may get the port as soon as it is free.
        var address = IPAddress.Parse("127.0.0.77");
        using var fixture = new ListenerFixture();
        var tunnel = new FakeTunnel();
        fixture.Tunnels.Current = tunnel;
        var listener = fixture.ListenTcp(address);
        var port = listener.LocalPort;
        using var first = await ListenerFixture.ConnectAsync(address, port);
        var finishing = (await tunnel.NextStreamAsync()).Stream;
        using var second = await ListenerFixture.ConnectAsync(address, port);
        var staying = (await tunnel.NextStreamAsync()).Stream;
        await Eventually.IsTrueAsync(() => listener.Active == 2, "both are counted");
        var timers = fixture.Time.WaitingTimers;

        listener.Close(TimeSpan.FromSeconds(30));

        await Assert.ThrowsAsync<SocketException>(() => ListenerFixture.ConnectAsync(address, port));
        await Eventually.IsTrueAsync(() => fixture.Time.WaitingTimers > timers, "the drain is timed");
        finishing.End(default);
        fixture.Time.Advance(TimeSpan.FromSeconds(29.9));
        Assert.False(staying.IsOver);
        fixture.Time.Advance(TimeSpan.FromSeconds(0.2));
        await Eventually.IsTrueAsync(() => staying.WasReset == ResetReason.ShuttingDown, "the one that stayed is reset");
        Assert.Null(finishing.WasReset);
    }

    [Fact]
    public async Task Clients_that_are_blocked_are_reset_and_others_are_not()
    {
        using var fixture = new ListenerFixture();
        var tunnel = new FakeTunnel();
        fixture.Tunnels.Current = tunnel;
        var listener = fixture.ListenTcp(IPAddress.Loopback);
        using var client = await ListenerFixture.ConnectAsync(IPAddress.Loopback, listener.LocalPort);
        var stream = (await tunnel.NextStreamAsync()).Stream;
        await Eventually.IsTrueAsync(() => listener.Active == 1, "the client is counted");

        Assert.Equal(0, listener.Reset(address => !address.Equals(IPAddress.Loopback)));
        Assert.Equal(1, listener.Reset(address => address.Equals(IPAddress.Loopback)));
        await Eventually.IsTrueAsync(() => stream.WasReset == ResetReason.Policy, "the blocked one is reset");
    }

    [Fact]
    public void A_stream_that_ends_before_its_opening_returns_is_counted_out()
    {
        using var fixture = new ListenerFixture();
        var connections = new PortConnections(fixture.Admission(PortKey.Tcp(1)), new IgnoringObserver());
        var connection = connections.Add(null, null);
        var stream = new FakeStream(1, connection);

        stream.End(default);
        connection.SetStream(stream);

        Assert.Equal(0, connections.Active);
        Assert.Equal(0, connections.ResetAll());
    }

    [Fact]
    public async Task Many_clients_at_once_all_get_a_stream()
    {
        const int Clients = 200;
        using var fixture = new ListenerFixture();
        var tunnel = new FakeTunnel();
        fixture.Tunnels.Current = tunnel;
        var listener = fixture.ListenTcp(IPAddress.Loopback);

        var clients = await Task.WhenAll(
            Enumerable.Range(0, Clients).Select(_ => ListenerFixture.ConnectAsync(IPAddress.Loopback, listener.LocalPort)));
        var sources = new HashSet<IPEndPoint?>();
        for (var index = 0; index < Clients; index++)
            sources.Add((await tunnel.NextStreamAsync()).Opening.Source);

        Assert.Equal(Clients, sources.Count);
        foreach (var client in clients)
            client.Dispose();
    }

    /// <summary>Allows for a reset that is there before the client knows that it was connected.</summary>
    private static async Task AssertResetAsync(int port)
    {
        var reset = await Assert.ThrowsAsync<SocketException>(async () =>
        {
            using var client = await ListenerFixture.ConnectAsync(IPAddress.Loopback, port);
            await client.ReceiveAsync(new byte[1]).Soon();
        });
        Assert.Equal(SocketError.ConnectionReset, reset.SocketErrorCode);
    }
}
