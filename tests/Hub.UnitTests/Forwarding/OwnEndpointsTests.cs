using System.Net;
using Tunnel.Hub.Forwarding;

namespace Tunnel.Hub.UnitTests.Forwarding;

public sealed class OwnEndpointsTests
{
    private static readonly IPAddress Elsewhere = IPAddress.Parse("203.0.113.5");

    private readonly OwnEndpoints _own = new();

    [Fact]
    public void A_client_from_an_address_of_the_hubs_own_is_the_hub_until_the_socket_ends()
    {
        var address = IPEndPoint.Parse("192.0.2.1:40000");
        Assert.False(_own.Contains(address, udp: false, Elsewhere));
        _own.Add(IPEndPoint.Parse("192.0.2.1:40000"), udp: false);
        Assert.True(_own.Contains(address, udp: false, Elsewhere));
        Assert.False(_own.Contains(address, udp: true, Elsewhere));
        Assert.False(_own.Contains(null, udp: false, Elsewhere));
        _own.Remove(IPEndPoint.Parse("192.0.2.1:40000"), udp: false);
        Assert.False(_own.Contains(address, udp: false, Elsewhere));
    }

    [Theory]
    [InlineData("127.0.0.1:40000")]
    [InlineData("[::1]:40000")]
    public void A_loopback_address_is_the_hubs_only_on_its_own_machine(string client)
    {
        _own.Add(IPEndPoint.Parse(client), udp: true);
        Assert.False(_own.Contains(IPEndPoint.Parse(client), udp: true, Elsewhere));
        Assert.True(_own.Contains(IPEndPoint.Parse(client), udp: true, IPAddress.Loopback));
    }
}
