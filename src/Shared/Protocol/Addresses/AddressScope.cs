using System.Net;

namespace Tunnel.Shared.Protocol.Addresses;

/// <summary>Where an address can be used.</summary>
public enum AddressScope
{
    /// <summary>A public address on the Internet.</summary>
    Public,

    /// <summary>An address on a local network: loopback, private, shared, link-local or unique local.</summary>
    Private,

    /// <summary>
    /// An address that cannot open a connection over the Internet: multicast, broadcast, unspecified, for documentation, or not allocated.
    /// </summary>
    Reserved,
}

/// <summary>
/// Classifies addresses by IANA's registries of special-purpose addresses (RFC 6890). An address that carries an IPv4 address (mapped,
/// NAT64 of RFC 6052, 6to4, Teredo) has the scope of the IPv4 address, since whoever unwraps it uses that one.
/// </summary>
public static class AddressScopes
{
    // To connect(2), "this network" means the machine itself, as the unspecified IPv6 address does.
    private static readonly CidrSet Private = CidrSet.Parse(
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16", "::/127",
        "fc00::/7", "fe80::/10");

    private static readonly CidrSet Reserved = CidrSet.Parse(
        "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/3", "2001::/23",
        "2001:db8::/32", "3fff::/20");

    // The only IPv6 addresses that are allocated for the Internet. They do not include the IPv4-compatible ::/96 or NAT64's 64:ff9b:1::/48,
    // whose IPv4 part may be anywhere.
    private static readonly CidrSet GlobalUnicast = CidrSet.Parse("2000::/3");

    /// <summary>The scope of an address. Allocates nothing.</summary>
    public static AddressScope Of(IPAddress address) => Of(AddressNumber.Of(address));

    private static AddressScope Of(UInt128 number)
    {
        const int teredoServerShift = 64;
        const int sixToFourShift = 80;
        if (number >> 32 == (UInt128)0x64_ff9b << 64)
            return OfIPv4((uint)number);
        if (number >> 112 == 0x2002)
            return OfIPv4((uint)(number >> sixToFourShift));
        // A Teredo address carries its server's address, and its client's with all bits inverted.
        if (number >> 96 == 0x2001_0000)
            return OfIPv4((uint)(number >> teredoServerShift)) is var server and not AddressScope.Public ? server : OfIPv4(~(uint)number);
        if (Private.Contains(number))
            return AddressScope.Private;
        return (AddressNumber.IsIPv4(number) || GlobalUnicast.Contains(number)) && !Reserved.Contains(number)
            ? AddressScope.Public
            : AddressScope.Reserved;
    }

    private static AddressScope OfIPv4(uint address) => Of(AddressNumber.OfIPv4(address));
}
