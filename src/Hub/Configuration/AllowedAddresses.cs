using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Net;
using Tunnel.Shared.Protocol.Addresses;

namespace Tunnel.Hub.Configuration;

/// <summary>The addresses that may reach the API over the network.</summary>
internal static class AllowedAddresses
{
    /// <summary>Whether an address is in the list; an empty list contains every address.</summary>
    public static bool Contain(ImmutableArray<IPNetwork> networks, IPAddress address)
    {
        if (networks.IsEmpty)
            return true;
        var plain = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        return networks.Any(network => network.Contains(plain));
    }

    /// <summary>Reads a network such as <c>192.0.2.0/24</c> or a single address such as <c>192.0.2.7</c>.</summary>
    /// <param name="text">The text that the operator wrote.</param>
    /// <param name="network">The network.</param>
    /// <param name="error">What is wrong, and what would be valid.</param>
    public static bool TryParse(string text, out IPNetwork network, [NotNullWhen(false)] out string? error)
    {
        var isRead = IpRange.TryParse(text, out var range, out error);
        network = isRead ? new IPNetwork(range.FirstAddress, range.PrefixLength!.Value) : default;
        return isRead;
    }
}
