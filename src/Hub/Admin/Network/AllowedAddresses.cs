using System.Collections.Immutable;
using System.Net;

namespace Tunnel.Hub.Admin.Network;

/// <summary>Who may reach the API over the network.</summary>
internal static class AllowedAddresses
{
    /// <summary>Whether an address is in the list; an empty list has all.</summary>
    public static bool Contain(ImmutableArray<IPNetwork> networks, IPAddress address)
    {
        if (networks.IsEmpty)
            return true;
        var plain = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        return networks.Any(network => network.Contains(plain));
    }

    /// <summary>Takes <c>192.0.2.0/24</c> and <c>192.0.2.7</c>.</summary>
    public static bool TryParse(string text, out IPNetwork network)
    {
        if (IPNetwork.TryParse(text, out network))
            return true;

        // "1" and "127.1" parse too, as an address that nobody meant.
        if (!IPAddress.TryParse(text, out var address) || (!text.Contains(':') && text.Count(c => c == '.') != 3))
            return false;
        network = new IPNetwork(address, address.GetAddressBytes().Length * 8);
        return true;
    }
}
