using System.Net;

namespace Tunnel.Edge.PublicAddress;

/// <summary>This machine's addresses as the Internet sees them, as far as they are known.</summary>
/// <param name="IPv4">The IPv4 address; null when not known.</param>
/// <param name="IPv6">The IPv6 address; null when not known.</param>
internal sealed record PublicAddresses(IPAddress? IPv4, IPAddress? IPv6)
{
    public static PublicAddresses Unknown { get; } = new(null, null);

    /// <summary>The address to show where there is room for only one: IPv4 if known, because more clients can use it.</summary>
    public IPAddress? Primary => IPv4 ?? IPv6;

    public override string ToString() =>
        this == Unknown ? "unknown" : string.Join(" and ", new[] { IPv4, IPv6 }.Where(address => address is not null));
}
