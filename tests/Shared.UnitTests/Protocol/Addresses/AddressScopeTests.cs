using System.Net;
using Tunnel.Shared.Protocol.Addresses;

namespace Tunnel.Shared.UnitTests.Protocol.Addresses;

public sealed class AddressScopeTests
{
    [Theory]
    [InlineData("1.1.1.1", AddressScope.Public)]
    [InlineData("172.32.0.1", AddressScope.Public)]
    [InlineData("223.255.255.255", AddressScope.Public)]
    [InlineData("2606:4700::1111", AddressScope.Public)]
    [InlineData("2001:200::1", AddressScope.Public)]
    [InlineData("0.0.0.0", AddressScope.Private)]
    [InlineData("10.0.0.1", AddressScope.Private)]
    [InlineData("100.64.0.1", AddressScope.Private)]
    [InlineData("127.255.255.254", AddressScope.Private)]
    [InlineData("169.254.169.254", AddressScope.Private)]
    [InlineData("172.31.255.255", AddressScope.Private)]
    [InlineData("192.168.1.1", AddressScope.Private)]
    [InlineData("::", AddressScope.Private)]
    [InlineData("::1", AddressScope.Private)]
    [InlineData("fd00::1", AddressScope.Private)]
    [InlineData("fe80::1%3", AddressScope.Private)]
    [InlineData("192.0.2.1", AddressScope.Reserved)]
    [InlineData("198.18.0.1", AddressScope.Reserved)]
    [InlineData("224.0.0.1", AddressScope.Reserved)]
    [InlineData("240.0.0.1", AddressScope.Reserved)]
    [InlineData("255.255.255.255", AddressScope.Reserved)]
    [InlineData("ff02::1", AddressScope.Reserved)]
    [InlineData("fec0::1", AddressScope.Reserved)]
    [InlineData("100::1", AddressScope.Reserved)]
    [InlineData("4000::1", AddressScope.Reserved)]
    [InlineData("2001:2::1", AddressScope.Reserved)]
    [InlineData("2001:db8::1", AddressScope.Reserved)]
    [InlineData("3fff::1", AddressScope.Reserved)]
    // These are a mapped address, and the IPv4-compatible form that nobody has any more.
    [InlineData("::ffff:1.1.1.1", AddressScope.Public)]
    [InlineData("::ffff:127.0.0.1", AddressScope.Private)]
    [InlineData("::127.0.0.1", AddressScope.Reserved)]
    [InlineData("::1.1.1.1", AddressScope.Reserved)]
    [InlineData("::ffff:0:127.0.0.1", AddressScope.Reserved)]
    // These are addresses of NAT64; in the local prefix the IPv4 part may be anywhere.
    [InlineData("64:ff9b::1.1.1.1", AddressScope.Public)]
    [InlineData("64:ff9b::127.0.0.1", AddressScope.Private)]
    [InlineData("64:ff9b::10.0.0.1", AddressScope.Private)]
    [InlineData("64:ff9b::224.0.0.1", AddressScope.Reserved)]
    [InlineData("64:ff9b:1::1.1.1.1", AddressScope.Reserved)]
    [InlineData("64:ff9b::1:1.1.1.1", AddressScope.Reserved)]
    // These addresses are of 6to4.
    [InlineData("2002:101:101::1", AddressScope.Public)]
    [InlineData("2002:7f00:1::1", AddressScope.Private)]
    [InlineData("2002:a00:1::1", AddressScope.Private)]
    [InlineData("2002:e000:1::1", AddressScope.Reserved)]
    // These addresses are of Teredo, with server 1.1.1.1 or 127.0.0.1, client 8.8.8.8 or 127.0.0.1.
    [InlineData("2001:0:101:101:0:0:f7f7:f7f7", AddressScope.Public)]
    [InlineData("2001:0:101:101:0:0:80ff:fffe", AddressScope.Private)]
    [InlineData("2001:0:7f00:1:0:0:f7f7:f7f7", AddressScope.Private)]
    public void An_address_is_of_who_can_have_it(string address, AddressScope expected) =>
        Assert.Equal(expected, AddressScopes.Of(IPAddress.Parse(address)));
}
