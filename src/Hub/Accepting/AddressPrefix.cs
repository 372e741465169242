using System.Net;
using Tunnel.Shared.Protocol.Addresses;

namespace Tunnel.Hub.Accepting;

/// <summary>Whom a limit on strangers applies to: see <see cref="AddressNumber.ClientPrefixOf"/>.</summary>
internal readonly record struct AddressPrefix
{
    private readonly UInt128 _prefix;

    private AddressPrefix(UInt128 prefix) => _prefix = prefix;

    /// <summary>The prefix of an address; an IPv4-mapped one counts as IPv4.</summary>
    public static AddressPrefix Of(IPAddress address) => new(AddressNumber.ClientPrefixOf(AddressNumber.Of(address)));
}
