using System.Net;
using Tunnel.Hub.Edges;
using Tunnel.Shared.Protocol.Addresses;

namespace Tunnel.Hub.Forwarding;

/// <summary>What the hub finds wrong with a client's address.</summary>
internal enum SourceFault
{
    None,

    /// <summary>The port's lists don't let it in, which the edge should have seen.</summary>
    Denied,

    /// <summary>A private address that nobody can have who comes to a public one.</summary>
    Private,
}

/// <summary>
/// Checks again what the edge says of its clients: a compromised edge may let anybody in, and may name an address that the
/// upstreams trust.
/// </summary>
internal static class SourceCheck
{
    // Not routed on the Internet: this network, private, shared, loopback, link-local (RFC 6890), unique local (RFC 4193).
    private static readonly CidrSet PrivateAddresses = CidrSet.Parse(
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16", "::/127", "fc00::/7", "fe80::/10");

    /// <summary>What is wrong with a client.</summary>
    /// <param name="policy">The port's policy.</param>
    /// <param name="source">The client as the edge says; null when it says nothing.</param>
    /// <param name="edge">Where the edge's tunnel comes from.</param>
    public static SourceFault Check(PortPolicy policy, IPAddress? source, IPAddress edge)
    {
        if (source is null)
            return policy.Edge.HasLists ? SourceFault.Denied : SourceFault.None;
        if (policy.Edge is { AcceptProxyProtocol: true, TrustedProxies: { } proxies } && proxies.Contains(source))
            return SourceFault.None;
        if (!policy.Edge.Permits(source))
            return SourceFault.Denied;
        // An edge in a private network, as in a laboratory or behind a VPN, may well have clients there.
        var allowed = policy.AllowPrivateSources ?? PrivateAddresses.Contains(edge);
        return !allowed && PrivateAddresses.Contains(source) ? SourceFault.Private : SourceFault.None;
    }
}
