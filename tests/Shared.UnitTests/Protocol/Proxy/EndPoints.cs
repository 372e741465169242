using System.Net;

namespace Tunnel.Shared.UnitTests.Protocol.Proxy;

internal static class EndPoints
{
    /// <summary>Returns whether both are the same but for the way an IPv4 address is written.</summary>
    public static bool Same(IPEndPoint a, IPEndPoint b) => a.Port == b.Port && a.Address.MapToIPv6().Equals(b.Address.MapToIPv6());
}
