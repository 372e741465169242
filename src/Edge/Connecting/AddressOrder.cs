using System.Net;

namespace Tunnel.Edge.Connecting;

/// <summary>Orders a hub's addresses for dialling (RFC 8305 section 4).</summary>
internal static class AddressOrder
{
    /// <summary>
    /// Alternates the address families, starting with the one that the resolver put first, so that a family without a route costs one
    /// stagger instead of one per address.
    /// </summary>
    public static IReadOnlyList<IPAddress> Interleave(IEnumerable<IPAddress> resolved)
    {
        IPAddress[] addresses = [.. resolved.Distinct()];
        if (addresses.Length == 0)
            return addresses;
        var leading = addresses[0].AddressFamily;
        var first = new Queue<IPAddress>(addresses.Where(address => address.AddressFamily == leading));
        var second = new Queue<IPAddress>(addresses.Where(address => address.AddressFamily != leading));
        var ordered = new List<IPAddress>(addresses.Length);
        while (first.Count + second.Count > 0)
        {
            if (first.TryDequeue(out var address))
                ordered.Add(address);
            if (second.TryDequeue(out address))
                ordered.Add(address);
        }

        return ordered;
    }
}
