using System.Net;

namespace Tunnel.Shared.Protocol.Addresses;

/// <summary>
/// The unit by which limits on clients or strangers count: one IPv4 address or one IPv6 /64. See <see
/// cref="AddressNumber.ClientPrefixOf"/>.
/// </summary>
public readonly record struct AddressPrefix
{
    private readonly UInt128 _prefix;

    private AddressPrefix(UInt128 prefix) => _prefix = prefix;

    /// <summary>The prefix of an address; an IPv4-mapped one counts as IPv4.</summary>
    public static AddressPrefix Of(IPAddress address) => new(AddressNumber.ClientPrefixOf(AddressNumber.Of(address)));
}
