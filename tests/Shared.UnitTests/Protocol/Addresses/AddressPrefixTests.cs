using System.Net;
using Tunnel.Shared.Protocol.Addresses;

namespace Tunnel.Shared.UnitTests.Protocol.Addresses;

public sealed class AddressPrefixTests
{
    [Theory]
    [InlineData("192.0.2.1", "192.0.2.1", true)]
    [InlineData("192.0.2.1", "::ffff:192.0.2.1", true)]
    [InlineData("192.0.2.1", "192.0.2.2", false)]
    [InlineData("::ffff:192.0.2.1", "::ffff:192.0.2.2", false)]
    [InlineData("2001:db8::1", "2001:db8::ffff:0:0:1", true)]
    [InlineData("2001:db8::1", "2001:db8:0:1::1", false)]
    [InlineData("0.0.0.1", "0:0:0:1::", false)]
    [InlineData("fe80::1%1", "fe80::1%2", true)]
    public void One_IPv4_address_or_IPv6_64_is_one(string a, string b, bool same) =>
        Assert.Equal(same, AddressPrefix.Of(IPAddress.Parse(a)) == AddressPrefix.Of(IPAddress.Parse(b)));
}
