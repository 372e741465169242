using System.Net;
using Tunnel.Edge.Endpoints;
using Tunnel.Shared.Transport;

namespace Tunnel.Edge.Tcp;

/// <summary>Is told of every TCP client that got a stream. Called on I/O threads, so it must not block.</summary>
internal interface IClientObserver
{
    void OnClientConnected(PortKey port, IPEndPoint? client);

    void OnClientClosed(PortKey port, IPEndPoint? client, ITunnelStream stream, in StreamEnd end);
}
