using System.Net;
using System.Net.Sockets;

namespace Tunnel.Shared.Sockets;

/// <summary>Says who is at the other end of a connection.</summary>
public static class RemoteAddress
{
    /// <summary>Turns the address ::ffff:a.b.c.d, as which a dual-stack socket shows an IPv4 peer, into the IPv4 address.</summary>
    public static IPEndPoint Normalise(IPEndPoint endPoint) =>
        endPoint.Address.IsIPv4MappedToIPv6 ? new IPEndPoint(endPoint.Address.MapToIPv4(), endPoint.Port) : endPoint;

    /// <summary>Returns the address of a socket's peer in that form; null when the peer is already gone.</summary>
    public static IPEndPoint? Of(Socket socket)
    {
        try
        {
            return Normalise((IPEndPoint)socket.RemoteEndPoint!);
        }
        catch (SocketException)
        {
            return null;
        }
    }
}
