using Tunnel.Edge.Configuring;
using Tunnel.Edge.Connecting;
using Tunnel.Edge.Firewall;
using Tunnel.Edge.PublicAddress;
using Tunnel.Edge.Tcp;

namespace Tunnel.Edge;

/// <summary>Is told what happens in a run of the edge, and does none of its work. Must not block.</summary>
internal interface IEdgeObserver : ITunnelObserver, IPortsObserver, IClientObserver, IPacketFilterObserver, ICrashObserver
{
    /// <summary>Called when this machine's public address was found or has changed.</summary>
    void OnPublicAddress(PublicAddresses addresses);
}
