using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;

namespace Tunnel.Edge.Ports;

/// <summary>Decides where ports are bound: at one address, with a fallback for machines without IPv6.</summary>
internal static class BindAddress
{
    /// <summary>
    /// Returns the address to bind when the operator asked for <paramref name="wanted"/>: <c>::</c> means both families, and becomes the
    /// IPv4 wildcard where IPv6 is off. Call it once per process, so that the operator is told only once.
    /// </summary>
    public static IPAddress Effective(IPAddress wanted, bool ipv6Available, ILogger logger)
    {
        if (!wanted.Equals(IPAddress.IPv6Any) || ipv6Available)
            return wanted;
        PortsLog.Ipv6Off(logger, wanted, IPAddress.Any);
        return IPAddress.Any;
    }

    /// <summary>Whether a socket of the IPv6 family can be made and bound here.</summary>
    public static bool ProbeIpv6()
    {
        if (!Socket.OSSupportsIPv6)
            return false;
        try
        {
            using var probe = new Socket(AddressFamily.InterNetworkV6, SocketType.Dgram, ProtocolType.Udp);
            probe.Bind(new IPEndPoint(IPAddress.IPv6Any, 0));
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    /// <summary>Explains a failure to bind in words that help the operator.</summary>
    public static string Explain(SocketError error, IPAddress address) => error switch
    {
        SocketError.AddressAlreadyInUse => "address in use",
        SocketError.AccessDenied => "permission denied: needs CAP_NET_BIND_SERVICE or root",
        SocketError.AddressNotAvailable => $"address not available: {address} is not an address of this machine",
        SocketError.AddressFamilyNotSupported => $"address family not supported: {address} can't be used on this machine",
        SocketError.TooManyOpenSockets => "too many open files: raise the descriptor limit",
        _ => $"can't be bound: {new SocketException((int)error).Message}",
    };
}
