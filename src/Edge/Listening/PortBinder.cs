using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Tunnel.Edge.Udp;

namespace Tunnel.Edge.Listening;

/// <summary>Binds ports on one address, within the operator's rules.</summary>
internal sealed class PortBinder(
    IPAddress address, PortRules rules, ClientHandover handover, IClientObserver observer, UdpSessions sessions, TimeProvider time, ILogger logger)
    : IPortBinder
{
    public BindResult Bind(PortKey port)
    {
        if (rules.Objection(port) is { } objection)
            return BindResult.Failed(objection);
        try
        {
            var endPoint = new IPEndPoint(address, port.Port);
            return BindResult.Bound(port.Protocol == PortProtocol.Tcp ? BindTcp(port, endPoint) : BindUdp(endPoint));
        }
        catch (SocketException e)
        {
            return BindResult.Failed(BindAddress.Explain(e.SocketErrorCode, address));
        }
    }

    private TcpPortListener BindTcp(PortKey port, IPEndPoint endPoint) =>
        TcpPortListener.Open(endPoint, new PortConnections(port, observer), handover, time, logger);

    private UdpPort BindUdp(IPEndPoint endPoint) => UdpPort.Start(DatagramSocket.Open(endPoint), sessions, logger);
}
