using System.Net;
using Tunnel.Shared.Sockets;

namespace Tunnel.Edge.Endpoints;

/// <summary>Converts clients' addresses to the form that the hub gets.</summary>
internal static class ClientAddress
{
    /// <summary>
    /// Turns the address ::ffff:a.b.c.d, as which a dual-stack socket shows an IPv4 client, into the IPv4 address; null without an address.
    /// </summary>
    public static IPEndPoint? Normalise(EndPoint? endPoint) =>
        endPoint is IPEndPoint ip ? RemoteAddress.Normalise(ip) : null;
}
