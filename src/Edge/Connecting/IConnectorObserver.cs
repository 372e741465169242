using System.Net;
using Tunnel.Edge.Ports;
using Tunnel.Shared.Protocol.Messages;
using Tunnel.Shared.Transport;

namespace Tunnel.Edge.Connecting;

/// <summary>Is told of tunnels and configurations. Must not block.</summary>
internal interface IConnectorObserver
{
    void OnConnected(IPEndPoint address, TransportKind transport, TransportChoice choice);

    void OnDisconnected(IPEndPoint address, TunnelEnd end);

    /// <summary>A configuration is being applied.</summary>
    void OnConfiguration(TunnelConfig config);

    /// <summary>A configuration was applied, or what is bound has changed since.</summary>
    /// <param name="revision">The configuration's revision.</param>
    /// <param name="ports">What is bound now.</param>
    /// <param name="initial">Whether it is the tunnel's first configuration.</param>
    void OnPortsApplied(long revision, PortState ports, bool initial);
}
