using System.Net;

namespace Tunnel.Edge.Endpoints;

/// <summary>Addresses as the hub shall see them.</summary>
internal static class ClientAddress
{
    /// <summary>An IPv4 client of a dual-stack socket appears as ::ffff:a.b.c.d; it is an IPv4 client all the same.</summary>
    public static IPEndPoint? Normalise(EndPoint? endPoint) =>
        endPoint is not IPEndPoint ip ? null
        : ip.Address.IsIPv4MappedToIPv6 ? new IPEndPoint(ip.Address.MapToIPv4(), ip.Port)
        : ip;
}
