using System.Net;
using Tunnel.Hub.Edges.Definitions;
using Tunnel.Shared.Protocol.Addresses;

namespace Tunnel.Hub.Forwarding;

/// <summary>What the hub finds wrong with a client's address.</summary>
internal enum SourceFault
{
    None,

    /// <summary>The port's lists don't let it in, which the edge should have seen.</summary>
    Denied,

    /// <summary>An address that nobody can have who comes to a public one.</summary>
    Private,

    /// <summary>No address, and the upstream would take the hub's own for the client's.</summary>
    Unknown,
}

/// <summary>
/// Checks again what the edge says of its clients: a compromised edge may let anybody in, and may name an address that the
/// upstreams trust.
/// </summary>
internal static class SourceCheck
{
    /// <summary>What is wrong with a client.</summary>
    /// <param name="policy">The port's policy.</param>
    /// <param name="source">The client as the edge says; null when it says nothing.</param>
    /// <param name="edge">Where the edge's tunnel comes from.</param>
    public static SourceFault Check(PortPolicy policy, IPAddress? source, IPAddress edge)
    {
        // Its header names nobody, so that the upstream goes by the connection's own address, which is the hub's: a private one, often a
        // trusted one.
        if (source is null)
            return policy.Edge.HasLists ? SourceFault.Denied : policy.AllowPrivateSources == true ? SourceFault.None : SourceFault.Unknown;
        if (policy.Edge is { AcceptProxyProtocol: true, TrustedProxies: { } proxies } && proxies.Contains(source))
            return SourceFault.None;
        if (!policy.Edge.Permits(source))
            return SourceFault.Denied;
        var scope = AddressScopes.Of(source);
        return scope == AddressScope.Public || (policy.AllowPrivateSources ?? MayHave(AddressScopes.Of(edge), scope))
            ? SourceFault.None
            : SourceFault.Private;
    }

    // An edge in a private network, as in a laboratory or behind a VPN, may well have clients there; one with a reserved address has
    // neighbours with such.
    private static bool MayHave(AddressScope edge, AddressScope client) => edge == AddressScope.Private || edge == client;
}
