using System.Net;
using Tunnel.Shared.Protocol.Addresses;

namespace Tunnel.Hub.Edges.Definitions;

/// <summary>
/// The addresses that targets may have, checked after each resolution: whoever controls a target's name must not lead clients to a place
/// that the operator did not mean (DNS rebinding).
/// </summary>
/// <param name="OfHub">The hub's <c>targetAllowCidrs</c>; null: any.</param>
/// <param name="OfEdge">The edge's <c>targetAllowCidrs</c>, which allow nothing that the hub's do not; null: any.</param>
internal readonly record struct TargetRule(CidrSet? OfHub, CidrSet? OfEdge)
{
    /// <summary>Whether an address may be connected to. A cloud's metadata address has to be listed by itself.</summary>
    public bool Allows(IPAddress address) =>
        OfHub?.Contains(address) != false && OfEdge?.Contains(address) != false
        && (!MetadataAddresses.Contain(address) || Names(OfHub, address) || Names(OfEdge, address));

    /// <summary>Returns the addresses that may be connected to; the same array when all may.</summary>
    public IPAddress[] Filter(IPAddress[] addresses)
    {
        foreach (var address in addresses)
        {
            if (!Allows(address))
                return Array.FindAll(addresses, Allows);
        }

        return addresses;
    }

    private static bool Names(CidrSet? list, IPAddress address) => list?.Contains(IpRange.Of(address)) == true;
}
