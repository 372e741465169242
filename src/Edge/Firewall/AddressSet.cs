using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using Tunnel.Shared.Firewall;

namespace Tunnel.Edge.Firewall;

/// <summary>A set of addresses that is asked for each open connection. Immutable.</summary>
internal sealed class AddressSet
{
    private readonly ImmutableArray<IpRange> _ipv4;
    private readonly ImmutableArray<IpRange> _ipv6;

    public AddressSet(IReadOnlyCollection<IpRange> ranges, IReadOnlyCollection<IpRange> except) =>
        (_ipv4, _ipv6) = (IpRanges.Merge(ranges, AddressFamily.InterNetwork, except), IpRanges.Merge(ranges, AddressFamily.InterNetworkV6, except));

    /// <summary>Ranges, without overlaps.</summary>
    public int Count => _ipv4.Length + _ipv6.Length;

    public bool Contains(IPAddress address)
    {
        IpRange one = IpRange.Of(address);
        ImmutableArray<IpRange> ranges = one.Family == AddressFamily.InterNetwork ? _ipv4 : _ipv6;
        (int low, int high) = (0, ranges.Length - 1);
        while (low <= high)
        {
            int middle = (low + high) / 2;
            if (one.First < ranges[middle].First)
                high = middle - 1;
            else if (one.First > ranges[middle].Last)
                low = middle + 1;
            else
                return true;
        }

        return false;
    }
}
