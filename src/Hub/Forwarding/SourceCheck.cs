using System.Net;
using Tunnel.Hub.Edges.Definitions;
using Tunnel.Shared.Protocol.Addresses;

namespace Tunnel.Hub.Forwarding;

/// <summary>The faults that the hub finds with a client's address.</summary>
internal enum SourceFault
{
    None,

    /// <summary>The port's lists don't allow it, which the edge should have noticed.</summary>
    Denied,

    /// <summary>The address is one that nobody who reaches a public address can have.</summary>
    Private,

    /// <summary>There is no address, so the upstream would take the hub's own for the client's.</summary>
    Unknown,
}

/// <summary>
/// Checks again what the edge says about its clients: a compromised edge may let anybody in, and may name an address that the upstreams
/// trust.
/// </summary>
internal static class SourceCheck
{
    /// <summary>Returns what is wrong with a client.</summary>
    /// <param name="policy">The port's policy.</param>
    /// <param name="source">The client's address as the edge says; null when it names none.</param>
    /// <param name="edge">The address that the edge's tunnel comes from.</param>
    public static SourceFault Check(PortPolicy policy, IPAddress? source, IPAddress edge)
    {
        // Its header would name nobody, so the upstream would use the connection's own address. That is the hub's: a private one, and
        // often a trusted one.
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

    // An edge in a private network, as in a laboratory or behind a VPN, may well have clients there; an edge with a reserved address has
    // neighbours with addresses of that kind.
    private static bool MayHave(AddressScope edge, AddressScope client) => edge == AddressScope.Private || edge == client;
}
