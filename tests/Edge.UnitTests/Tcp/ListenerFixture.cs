using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using Tunnel.Edge.Admission;
using Tunnel.Edge.Endpoints;
using Tunnel.Edge.Ports;
using Tunnel.Edge.Refusing;
using Tunnel.Edge.Tcp;
using Tunnel.Edge.Udp;
using Tunnel.Edge.UnitTests.Fakes;
using Tunnel.Shared.Protocol.Messages;
using Tunnel.Shared.Sockets;
using Tunnel.Shared.Transport;
using Tunnel.TestUtilities;
using TransportContext = Tunnel.Shared.Transport.TransportContext;

namespace Tunnel.Edge.UnitTests.Tcp;

/// <summary>Real sockets of the listening side in front of a fake tunnel.</summary>
internal sealed class ListenerFixture : IDisposable
{
    private readonly List<IBoundPort> _ports = [];

    public ListenerFixture(DescriptorGuard? descriptors = null, int maxSessions = 100, HoldLimits hold = default)
    {
        Transport = new TransportContext(new FlowControlOptions(), Time, NullLoggerFactory.Instance);
        Handover = new ClientHandover(
            Tunnels, Transport, hold, descriptors ?? PlentyOfDescriptors.Guard, Refusals, new IgnoringObserver(), NullLogger.Instance);
        Sessions = new UdpSessions(Tunnels, Refusals, maxSessions, maxSessions, TimeSpan.FromSeconds(60), Time, NullLogger.Instance);
    }

    public TransportContext Transport { get; }

    public ManualTimeProvider Time { get; } = new();

    public FakeTunnelSource Tunnels { get; } = new();

    public RefusalCounters Refusals { get; } = new();

    public RecordedBlocks Blocked { get; } = new();

    public PortAdmission Admission(PortKey port, EdgePortPolicy? policy = null) =>
        new(port, policy ?? EdgePortPolicy.None, Refusals, Blocked, Time);

    public ClientHandover Handover { get; }

    public UdpSessions Sessions { get; }

    /// <summary>The sockets that a process before has left, and their keeper.</summary>
    public SocketStore Sockets { get; init; } = SocketStore.None;

    public TcpPortListener ListenTcp(IPAddress address, int port = 0, EdgePortPolicy? policy = null)
    {
        var listener = TcpPortListener.Open(
            new IPEndPoint(address, port), Sockets, new PortConnections(Admission(PortKey.Tcp(port), policy), new IgnoringObserver()),
            Handover, Time, NullLogger.Instance);
        _ports.Add(listener);
        return listener;
    }

    public UdpPort ListenUdp(IPAddress address, EdgePortPolicy? policy = null)
    {
        var port = UdpPort.Start(
            DatagramSocket.Open(new IPEndPoint(address, 0), Sockets, PlentyOfDescriptors.Guard), Admission(PortKey.Udp(0), policy),
            Sessions, NullLogger.Instance);
        _ports.Add(port);
        return port;
    }

    public PortBinder CreateBinder(IPAddress address, PortRules? rules = null) => new(
        address, rules ?? new PortRules(null, []), new PortAdmissions(Refusals, Blocked, new BlockedSources(), Time), Handover,
        new IgnoringObserver(), Sessions,
        Sockets, Time, NullLogger.Instance);

    public static async Task<Socket> ConnectAsync(IPAddress address, int port)
    {
        var client = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        await client.ConnectAsync(address, port).Soon();
        return client;
    }

    public void Dispose()
    {
        foreach (var port in _ports)
            port.Close(TimeSpan.Zero);
        Sessions.Dispose();
    }
}
