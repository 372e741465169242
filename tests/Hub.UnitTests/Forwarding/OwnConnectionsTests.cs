using System.Net;
using Tunnel.Hub.Forwarding;

namespace Tunnel.Hub.UnitTests.Forwarding;

public sealed class OwnConnectionsTests
{
    private static readonly IPAddress Elsewhere = IPAddress.Parse("203.0.113.5");

    private readonly OwnConnections _own = new();

    [Fact]
    public void A_client_that_is_a_connection_of_the_hubs_own_is_the_hub_until_it_ends()
    {
        var own = Make("192.0.2.1:40000", "192.0.2.9:80");
        Assert.False(_own.Contains(own, Elsewhere));
        _own.Add(Make("192.0.2.1:40000", "192.0.2.9:80"));
        Assert.True(_own.Contains(own, Elsewhere));
        Assert.False(_own.Contains(Make("192.0.2.1:40000", "192.0.2.9:80", udp: true), Elsewhere));
        Assert.False(_own.Contains(null, Elsewhere));
        _own.Remove(Make("192.0.2.1:40000", "192.0.2.9:80"));
        Assert.False(_own.Contains(own, Elsewhere));
    }

    [Fact]
    public void Who_has_the_same_port_on_the_way_to_another_place_is_another_client()
    {
        _own.Add(Make("127.0.0.1:40000", "127.0.0.2:80"));
        Assert.False(_own.Contains(Make("127.0.0.1:40000", "127.0.0.1:80"), IPAddress.Loopback));

        _own.Add(Make("127.0.0.1:40000", "127.0.0.3:80"));
        _own.Remove(Make("127.0.0.1:40000", "127.0.0.3:80"));
        Assert.True(_own.Contains(Make("127.0.0.1:40000", "127.0.0.2:80"), IPAddress.Loopback));
    }

    [Theory]
    [InlineData("127.0.0.1:40000")]
    [InlineData("[::1]:40000")]
    public void A_loopback_address_is_the_hubs_only_on_its_own_machine(string client)
    {
        _own.Add(Make(client, "127.0.0.1:80"));
        Assert.False(_own.Contains(Make(client, "127.0.0.1:80"), Elsewhere));
        Assert.True(_own.Contains(Make(client, "127.0.0.1:80"), IPAddress.Loopback));
    }

    private static OwnConnection Make(string local, string remote, bool udp = false) =>
        new(IPEndPoint.Parse(local), IPEndPoint.Parse(remote), udp);
}
