using System.Net;

namespace Tunnel.Shared.Protocol.Addresses;

/// <summary>
/// The addresses at which cloud providers tell a machine about itself, keys of its account among it. Whoever makes a service connect there
/// on their behalf gets those keys.
/// </summary>
public static class MetadataAddresses
{
    // They belong to AWS, Azure, Google and nearly all others; AWS' containers (ECS, EKS); Azure's host; Alibaba; AWS and Google over IPv6.
    private static readonly CidrSet Known = CidrSet.Parse(
        "169.254.169.254", "169.254.170.2", "169.254.170.23", "168.63.129.16", "100.100.100.200", "fd00:ec2::254", "fd00:ec2::23",
        "fd20:ce::254");

    /// <summary>Whether an address is one of them, also as NAT64 writes it (RFC 6052, RFC 8215). Allocates nothing.</summary>
    public static bool Contain(IPAddress address)
    {
        const int localPrefixShift = 80;
        var number = AddressNumber.Of(address);
        if (number >> 32 == (UInt128)0x64_ff9b << 64 || number >> localPrefixShift == 0x64_ff9b_0001)
            number = AddressNumber.OfIPv4((uint)number);
        return Known.Contains(number);
    }
}
