using System.Net;

namespace Tunnel.Edge.Events;

/// <summary>Is told of this edge's public address. May be called from any thread; does not block.</summary>
internal interface IPublicAddressObserver
{
    /// <summary>The address was found out for the first time, or is another one than before.</summary>
    void OnPublicIpDiscovered(IPAddress address);
}
