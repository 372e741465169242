using System.Collections.Immutable;
using System.Net;
using Tunnel.Shared.Protocol.Addresses;

namespace Tunnel.Shared.Transport.Proxies;

/// <summary>
/// The hosts of <c>NO_PROXY</c>, which are reached without the proxy: names, which stand for all names below them too, addresses, CIDRs, or
/// <c>*</c> for every host. There is no standard for it; this is what curl and Go agree on.
/// </summary>
public sealed class NoProxyList
{
    private const int MaxLength = 32 << 10;

    private readonly ImmutableArray<string> _names;
    private readonly CidrSet _networks;
    private readonly bool _all;

    private NoProxyList(ImmutableArray<string> names, CidrSet networks, bool all) => (_names, _networks, _all) = (names, networks, all);

    /// <summary>No host.</summary>
    public static NoProxyList Empty { get; } = new([], CidrSet.Empty, all: false);

    /// <summary>
    /// Reads a list with commas or spaces between the hosts. Accepts any input: what is no host is passed over, because other programs read
    /// the variable too and each has forms of its own.
    /// </summary>
    public static NoProxyList Parse(string text)
    {
        var names = ImmutableArray.CreateBuilder<string>();
        var networks = ImmutableArray.CreateBuilder<IpRange>();
        var all = false;
        if (text.Length > MaxLength)
            return Empty;
        foreach (var word in text.Split([',', ' ', '\t'], StringSplitOptions.RemoveEmptyEntries))
        {
            if (word == "*")
                all = true;
            else if (IpRange.TryParse(word.Trim('[', ']'), out var network, out _) && networks.Count < CidrSet.MaxCount)
                networks.Add(network);
            else if (HostSyntax.IsHost(word.TrimStart('*', '.')))
                names.Add(word.TrimStart('*', '.').TrimEnd('.'));
        }

        return new NoProxyList(names.DrainToImmutable(), new CidrSet(networks.DrainToImmutable()), all);
    }

    /// <summary>Whether a host is reached without the proxy.</summary>
    public bool Contains(string host)
    {
        if (_all)
            return true;
        if (IPAddress.TryParse(host, out var address))
            return _networks.Contains(address);
        var name = host.TrimEnd('.');
        return _names.Any(known => name.Equals(known, StringComparison.OrdinalIgnoreCase)
            || (name.EndsWith(known, StringComparison.OrdinalIgnoreCase) && name[^(known.Length + 1)] == '.'));
    }
}
