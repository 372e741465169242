using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using Tunnel.Edge.Endpoints;
using Tunnel.Edge.Ports;
using Tunnel.Edge.UnitTests.Fakes;
using Tunnel.Edge.UnitTests.Tcp;
using Tunnel.Shared.Protocol.Messages;

namespace Tunnel.Edge.UnitTests.Ports;

public sealed class PortBinderTests
{
    [Fact]
    public void A_TCP_port_that_another_program_listens_on_is_in_use()
    {
        using var fixture = new ListenerFixture();
        using var other = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        other.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        other.Listen();
        var port = ((IPEndPoint)other.LocalEndPoint!).Port;

        Assert.Equal("address in use", fixture.CreateBinder(IPAddress.Loopback).Bind(PortKey.Tcp(port), EdgePortPolicy.None).Error);
        Assert.Equal("address in use", fixture.CreateBinder(IPAddress.Any).Bind(PortKey.Tcp(port), EdgePortPolicy.None).Error);
    }

    [Fact]
    public void A_UDP_port_that_another_program_has_is_in_use()
    {
        using var fixture = new ListenerFixture();
        using var other = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        other.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        var port = ((IPEndPoint)other.LocalEndPoint!).Port;

        Assert.Equal("address in use", fixture.CreateBinder(IPAddress.Loopback).Bind(PortKey.Udp(port), EdgePortPolicy.None).Error);
    }

    [Fact]
    public async Task A_port_can_be_bound_again_while_its_old_connections_still_live()
    {
        using var fixture = new ListenerFixture();
        var tunnel = new FakeTunnel();
        fixture.Tunnels.Current = tunnel;
        var first = fixture.ListenTcp(IPAddress.Loopback);
        var port = first.LocalPort;
        using var client = await ListenerFixture.ConnectAsync(IPAddress.Loopback, port);
        await tunnel.NextStreamAsync();
        first.Close(TimeSpan.FromSeconds(30));

        var again = fixture.CreateBinder(IPAddress.Loopback).Bind(PortKey.Tcp(port), EdgePortPolicy.None);

        Assert.Null(again.Error);
        again.Port!.Close(TimeSpan.Zero);
    }

    [Fact]
    public void The_operators_rules_are_stronger_than_the_hub()
    {
        using var fixture = new ListenerFixture();
        var binder = fixture.CreateBinder(IPAddress.Loopback, new PortRules([22, 80], [22]));

        Assert.Contains("protectedPorts", binder.Bind(PortKey.Tcp(22), EdgePortPolicy.None).Error);
        Assert.Contains("allowPorts", binder.Bind(PortKey.Tcp(81), EdgePortPolicy.None).Error);
        Assert.Contains("allowPorts", binder.Bind(PortKey.Udp(81), EdgePortPolicy.None).Error);
        Assert.Contains("1 to 65535", binder.Bind(PortKey.Tcp(70000), EdgePortPolicy.None).Error);
        Assert.Contains("1 to 65535", binder.Bind(PortKey.Tcp(0), EdgePortPolicy.None).Error);
    }

    [Fact]
    public void An_address_of_another_machine_is_explained()
    {
        using var fixture = new ListenerFixture();
        var error = fixture.CreateBinder(IPAddress.Parse("192.0.2.1")).Bind(PortKey.Tcp(54321), EdgePortPolicy.None).Error;
        Assert.Contains("192.0.2.1 is not an address of this machine", error);
    }

    [Fact]
    public void Without_IPv6_the_wildcard_is_that_of_IPv4()
    {
        Assert.Equal(IPAddress.Any, BindAddress.Effective(IPAddress.IPv6Any, ipv6Available: false, NullLogger.Instance));
        Assert.Equal(IPAddress.IPv6Any, BindAddress.Effective(IPAddress.IPv6Any, ipv6Available: true, NullLogger.Instance));
        Assert.Equal(IPAddress.Loopback, BindAddress.Effective(IPAddress.Loopback, ipv6Available: false, NullLogger.Instance));
    }

    [Fact]
    public void A_missing_permission_says_what_is_needed() =>
        Assert.Equal("permission denied: needs CAP_NET_BIND_SERVICE or root", BindAddress.Explain(SocketError.AccessDenied, IPAddress.Any));

    [Fact]
    public void A_policy_chooses_the_address_only_where_the_edge_itself_binds_any()
    {
        using var fixture = new ListenerFixture();
        var policy = new EdgePortPolicy { BindAddress = IPAddress.Parse("127.0.0.77") };
        var port = FreePort();

        var bound = fixture.CreateBinder(IPAddress.Any).Bind(PortKey.Tcp(port), policy);
        Assert.Null(bound.Error);
        Assert.Contains("127.0.0.1 only", fixture.CreateBinder(IPAddress.Loopback).Bind(PortKey.Tcp(port), policy).Error);
        // Another address of the same port is still free.
        using (var other = new TcpListener(IPAddress.Parse("127.0.0.78"), port))
            other.Start();
        bound.Port!.Close(TimeSpan.Zero);
    }

    private static int FreePort()
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        return ((IPEndPoint)probe.LocalEndpoint).Port;
    }
}
