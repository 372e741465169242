using Tunnel.Hub.Edges.Live;
using Tunnel.Hub.Events;
using Tunnel.Hub.Status;
using Tunnel.Hub.UnitTests.Fakes;
using Tunnel.Shared.Protocol.Messages;
using Tunnel.Shared.Transport;

namespace Tunnel.Hub.UnitTests.Edges.Live;

/// <summary>An edge tells its public address in HELLO and by REPORT.</summary>
public sealed class PublicAddressTests
{
    private readonly TestRegistry _registry = new();

    public PublicAddressTests() => _registry.Allowed.Put(TestRegistry.Edge("a", 80));

    [Fact]
    public async Task It_is_in_the_status_and_each_new_one_is_an_event()
    {
        var (live, tunnel) = _registry.Connect("a");
        ((IHubTunnelHandler)live).OnHello(tunnel, new Hello { Instance = "one", PublicIp = "192.0.2.1" });
        Assert.Equal(
            new PublicIpDiscoveredEvent("a", "192.0.2.1") { Time = _registry.Time.GetUtcNow() },
            await _registry.Events.NextAsync<PublicIpDiscoveredEvent>());

        Report(live, tunnel, "192.0.2.1", null);
        Report(live, tunnel, "192.0.2.2", "2001:db8::2");
        Assert.Equal("192.0.2.2", (await _registry.Events.NextAsync<PublicIpDiscoveredEvent>()).PublicIp);
        var status = Assert.Single(_registry.Live.Read(ConnectedEdges.Describe));
        Assert.Equal(("192.0.2.2", "2001:db8::2"), (status.PublicIp, status.PublicIpv6));
    }

    [Fact]
    public void What_is_no_address_is_not_shown()
    {
        var (live, tunnel) = _registry.Connect("a");
        ((IHubTunnelHandler)live).OnHello(tunnel, new Hello { Instance = "one", PublicIp = "\u001b[31mred", PublicIpv6 = "x" });
        Report(live, tunnel, "1.2.3.4.5", "");
        var status = Assert.Single(_registry.Live.Read(ConnectedEdges.Describe));
        Assert.Equal((null, null), (status.PublicIp, status.PublicIpv6));
    }

    private static void Report(EdgeTunnel live, FakeTunnel tunnel, string? address, string? ipv6) =>
        ((IHubTunnelHandler)live).OnReport(
            tunnel, new Report { Kind = Tunnel.Shared.Protocol.Messages.Report.PublicAddress, PublicIp = address, PublicIpv6 = ipv6 });
}
