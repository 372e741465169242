using System.Net;

namespace Tunnel.Edge.Connecting;

/// <summary>Orders a hub's addresses for dialling (RFC 8305 section 4).</summary>
internal static class AddressOrder
{
    /// <summary>
    /// Alternates the address families, starting with the one that the resolver put first, so that a family without a route costs one
    /// stagger instead of one per address.
    /// </summary>
    /// <param name="resolved">The addresses.</param>
    /// <param name="first">The one that leads where it is among them; null: the resolver's first.</param>
    public static IReadOnlyList<IPAddress> Interleave(IEnumerable<IPAddress> resolved, IPAddress? first = null)
    {
        IPAddress[] addresses = [.. resolved.Distinct().OrderByDescending(address => address.Equals(first))];
        if (addresses.Length == 0)
            return addresses;
        var leading = addresses[0].AddressFamily;
        var leaders = new Queue<IPAddress>(addresses.Where(address => address.AddressFamily == leading));
        var others = new Queue<IPAddress>(addresses.Where(address => address.AddressFamily != leading));
        var ordered = new List<IPAddress>(addresses.Length);
        while (leaders.Count + others.Count > 0)
        {
            if (leaders.TryDequeue(out var address))
                ordered.Add(address);
            if (others.TryDequeue(out address))
                ordered.Add(address);
        }

        return ordered;
    }
}
