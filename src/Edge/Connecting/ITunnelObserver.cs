using System.Net;
using Tunnel.Shared.Transport;

namespace Tunnel.Edge.Connecting;

/// <summary>Is told about tunnels. Must not block.</summary>
internal interface ITunnelObserver
{
    /// <summary>Called when a tunnel was made and takes the new streams.</summary>
    void OnConnected(IPEndPoint address, TransportKind transport, TransportChoice choice);

    /// <summary>Called when the tunnel has lost its connection and waits for another, or its streams wait for another tunnel.</summary>
    /// <param name="address">The hub's address.</param>
    /// <param name="cause">Why it was lost.</param>
    /// <param name="streams">The streams that wait.</param>
    void OnLost(IPEndPoint address, TunnelEnd cause, int streams)
    {
    }

    /// <summary>Called when the tunnel goes on over another connection, or its streams over another tunnel.</summary>
    void OnResumed(IPEndPoint address, in TunnelResumed resumed)
    {
    }

    /// <summary>Called when a tunnel has ended, whether or not another one has taken its place.</summary>
    void OnDisconnected(IPEndPoint address, TunnelEnd end);
}
