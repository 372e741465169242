using Tunnel.Edge.Configuring;
using Tunnel.Edge.Connecting;
using Tunnel.Edge.Firewall;
using Tunnel.Edge.PublicAddress;
using Tunnel.Edge.Tcp;

namespace Tunnel.Edge;

/// <summary>Is told what happens in a run of the edge, and does nothing of its work. Must not block.</summary>
internal interface IEdgeObserver : ITunnelObserver, IPortsObserver, IClientObserver, IPacketFilterObserver, ICrashObserver
{
    /// <summary>This machine's public address is known, or is another one.</summary>
    void OnPublicAddress(PublicAddresses addresses);
}
