using System.Net;
using Tunnel.Shared.Transport;

namespace Tunnel.Edge.Connecting;

/// <summary>Is told about tunnels. Must not block.</summary>
internal interface ITunnelObserver
{
    /// <summary>Called when a tunnel was made and takes the new streams.</summary>
    void OnConnected(IPEndPoint address, TransportKind transport, TransportChoice choice);

    /// <summary>Called when a tunnel has ended, whether or not another one has taken its place.</summary>
    void OnDisconnected(IPEndPoint address, TunnelEnd end);
}
