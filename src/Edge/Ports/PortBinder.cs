using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Tunnel.Edge.Admission;
using Tunnel.Edge.Endpoints;
using Tunnel.Edge.Tcp;
using Tunnel.Edge.Udp;
using Tunnel.Shared.Protocol.Messages;
using Tunnel.Shared.Sockets;

namespace Tunnel.Edge.Ports;

// Over 8 collaborators: two of them are the clock and the log.
/// <summary>Binds ports on one address, within the operator's rules.</summary>
internal sealed class PortBinder(
    IPAddress address, PortRules rules, PortAdmissions admissions, ClientHandover handover, IClientObserver observer, UdpSessions sessions,
    SocketStore sockets, TimeProvider time, ILogger logger)
    : IPortBinder
{
    public BindResult Bind(PortKey port, EdgePortPolicy policy)
    {
        if (rules.Objection(port) is { } objection)
            return BindResult.Failed(objection);
        // The edge operator's own address is a limit that no hub can lift, unless it is the wildcard.
        var at = policy.BindAddress ?? address;
        if (!at.Equals(address) && !address.Equals(IPAddress.Any) && !address.Equals(IPAddress.IPv6Any))
            return BindResult.Failed($"not allowed at {at}: this edge binds at its bindAddress {address} only");
        try
        {
            var endPoint = new IPEndPoint(at, port.Number);
            var admission = admissions.Create(port, policy);
            return BindResult.Bound(port.Protocol == PortProtocol.Tcp ? BindTcp(admission, endPoint) : BindUdp(admission, endPoint));
        }
        catch (SocketException e)
        {
            return BindResult.Failed(BindAddress.Explain(e.SocketErrorCode, at));
        }
    }

    public void CloseLeft() => sockets.CloseLeft();

    private TcpPortListener BindTcp(PortAdmission admission, IPEndPoint endPoint) =>
        TcpPortListener.Open(endPoint, sockets, new PortConnections(admission, observer), handover, time, logger);

    private UdpPort BindUdp(PortAdmission admission, IPEndPoint endPoint) =>
        UdpPort.Start(DatagramSocket.Open(endPoint, sockets, handover.Descriptors), admission, sessions, logger);
}
