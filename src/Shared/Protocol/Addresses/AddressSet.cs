using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;

namespace Tunnel.Shared.Protocol.Addresses;

/// <summary>An immutable set of addresses with a fast look-up: overlaps are merged, and a look-up is a binary search.</summary>
public sealed class AddressSet
{
    private readonly ImmutableArray<IpRange> _ipv4;
    private readonly ImmutableArray<IpRange> _ipv6;

    /// <summary>
    /// Creates a set of the addresses in <paramref name="ranges"/>, given in any order, without those in <paramref name="except"/>.
    /// </summary>
    public AddressSet(IReadOnlyCollection<IpRange> ranges, IReadOnlyCollection<IpRange> except) =>
        (_ipv4, _ipv6) =
            (IpRanges.Merge(ranges, AddressFamily.InterNetwork, except), IpRanges.Merge(ranges, AddressFamily.InterNetworkV6, except));

    /// <summary>The empty set.</summary>
    public static AddressSet Empty { get; } = new([], []);

    /// <summary>The number of ranges after overlaps were merged.</summary>
    public int Count => _ipv4.Length + _ipv6.Length;

    /// <summary>Whether the set contains an address. A mapped address counts as IPv4, and ::/0 contains no IPv4 address.</summary>
    public bool Contains(IPAddress address) => Contains(AddressNumber.Of(address));

    /// <summary>Whether the set contains an address, given as <see cref="AddressNumber"/> represents it. Allocates nothing.</summary>
    public bool Contains(UInt128 address)
    {
        var isIPv4 = AddressNumber.IsIPv4(address);
        var ranges = isIPv4 ? _ipv4 : _ipv6;
        var number = isIPv4 ? (uint)address : address;
        (var low, var high) = (0, ranges.Length - 1);
        while (low <= high)
        {
            var middle = (low + high) / 2;
            if (number < ranges[middle].First)
                high = middle - 1;
            else if (number > ranges[middle].Last)
                low = middle + 1;
            else
                return true;
        }

        return false;
    }
}
