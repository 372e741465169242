using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;

namespace Tunnel.Shared.Protocol.Addresses;

/// <summary>A set of addresses with a fast look-up: overlaps cost nothing, and a question takes a binary search. Immutable.</summary>
public sealed class AddressSet
{
    private readonly ImmutableArray<IpRange> _ipv4;
    private readonly ImmutableArray<IpRange> _ipv6;

    /// <summary>The addresses of <paramref name="ranges"/>, in any order, without those of <paramref name="except"/>.</summary>
    public AddressSet(IReadOnlyCollection<IpRange> ranges, IReadOnlyCollection<IpRange> except) =>
        (_ipv4, _ipv6) =
            (IpRanges.Merge(ranges, AddressFamily.InterNetwork, except), IpRanges.Merge(ranges, AddressFamily.InterNetworkV6, except));

    /// <summary>No address.</summary>
    public static AddressSet Empty { get; } = new([], []);

    /// <summary>Ranges, without overlaps.</summary>
    public int Count => _ipv4.Length + _ipv6.Length;

    /// <summary>Whether an address is one of them; a mapped one counts as IPv4, and ::/0 has no IPv4 address in it.</summary>
    public bool Contains(IPAddress address) => Contains(AddressNumber.Of(address));

    /// <summary>Whether an address, as <see cref="AddressNumber"/> writes it, is one of them. Allocates nothing.</summary>
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
