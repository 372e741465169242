using System.Collections.Immutable;
using System.Net;
using System.Net.NetworkInformation;
using Tunnel.Shared.Protocol.Addresses;

namespace Tunnel.Hub.Blocks;

/// <summary>
/// The sources that no block may touch: this machine, the hub's administrators, and those of the setting <c>neverBlock</c>.
/// </summary>
/// <param name="configured">The setting <c>neverBlock</c>.</param>
/// <param name="administrators">The setting <c>adminAllowCidrs</c>.</param>
/// <param name="addresses">Returns this machine's present addresses.</param>
internal sealed class NeverBlocked(
    IReadOnlyCollection<IpRange> configured, IReadOnlyCollection<IPNetwork> administrators, Func<IEnumerable<IPAddress>> addresses)
{
    private static readonly ImmutableArray<IpRange> Loopback = [Range("127.0.0.0/8"), Range("::1")];

    /// <summary>Returns why a source may not be blocked; null when it may be.</summary>
    public string? Objection(IpRange source) =>
        Find(source, Loopback) is { } loopback ? $"overlaps {loopback}, which is loopback"
        : Find(source, configured) is { } kept ? $"overlaps {kept} of the setting neverBlock"
        : Find(source, administrators.Select(IpRange.Of)) is { } admin ? $"overlaps {admin} of the setting adminAllowCidrs: "
            + "administrators are never blocked"
        : Find(source, addresses().Select(IpRange.Of)) is { } own ? $"overlaps {own}, an address of this hub: "
            + "edges could no longer reach it"
        : null;

    /// <summary>Returns the addresses of the machine's interfaces.</summary>
    public static IEnumerable<IPAddress> OfMachine()
    {
        try
        {
            return [.. NetworkInterface.GetAllNetworkInterfaces().SelectMany(card => card.GetIPProperties().UnicastAddresses).Select(
                address => address.Address)];
        }
        catch (NetworkInformationException)
        {
            return [];
        }
    }

    private static IpRange? Find(IpRange source, IEnumerable<IpRange> ranges) =>
        ranges.Where(source.Overlaps).Select(range => (IpRange?)range).FirstOrDefault();

    private static IpRange Range(string text) =>
        IpRange.TryParse(text, out var range, out var error) ? range : throw new ArgumentException(error, nameof(text));
}
