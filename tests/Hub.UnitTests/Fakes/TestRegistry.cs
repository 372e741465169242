using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using Tunnel.Hub.Edges.Definitions;
using Tunnel.Hub.Edges.Live;
using Tunnel.Shared.Operator;
using Tunnel.Shared.Protocol.Messages;
using Tunnel.Shared.Transport;
using Tunnel.TestUtilities;

namespace Tunnel.Hub.UnitTests.Fakes;

/// <summary>A registry of live tunnels with fakes around it and a clock that a test moves.</summary>
internal sealed class TestRegistry
{
    public TestRegistry(ITunnelForwarder? forwarder = null, LiveEdgesOptions? options = null)
    {
        var own = (options ?? LiveEdgesOptions.Default) with { Rates = _ => Rates };
        Live = new LiveEdges(Allowed, Blocks, forwarder ?? new NoForwarder(), own, Events.Queue, Time, NullLoggerFactory.Instance);
    }

    public ManualTimeProvider Time { get; } = new();

    public FakeAllowedEdges Allowed { get; } = new();

    public FakeBlocks Blocks { get; } = new();

    public EventLog Events { get; } = new();

    public LiveEdges Live { get; }

    /// <summary>How many clients each port admits in a second.</summary>
    public Dictionary<int, int> Rates { get; } = [];

    /// <summary>Lets a tunnel of an allowed edge in.</summary>
    public (EdgeTunnel Live, FakeTunnel Tunnel) Connect(string edgeId, int remotePort = 1, TransportKind kind = TransportKind.TcpTls)
    {
        var remote = new IPEndPoint(IPAddress.Loopback, remotePort);
        var live = Live.Admit(Allowed.Find(edgeId)!, Allowed.SecretIdOf(edgeId), remote, id => new HubInfo { TunnelId = id, Rev = 1 })!;
        var tunnel = new FakeTunnel { RemoteEndPoint = remote, Kind = kind };
        Live.Begin(live, tunnel);
        return (live, tunnel);
    }

    /// <summary>Lets one in that says HELLO.</summary>
    public (EdgeTunnel Live, FakeTunnel Tunnel) Connect(string edgeId, string instance, string? supersedes = null, int remotePort = 1)
    {
        var (live, tunnel) = Connect(edgeId, remotePort);
        ((IHubTunnelHandler)live).OnHello(tunnel, new Hello { Instance = instance, Supersedes = supersedes });
        return (live, tunnel);
    }

    /// <summary>Lets one in whose edge can have lanes.</summary>
    public (EdgeTunnel Live, FakeTunnel Tunnel) ConnectWithLanes(string edgeId, string instance)
    {
        var (live, tunnel) = Connect(edgeId);
        tunnel.Features = TunnelFeatures.Lanes;
        ((IHubTunnelHandler)live).OnHello(tunnel, new Hello { Instance = instance });
        return (live, tunnel);
    }

    /// <summary>Lets a further connection in, which says that it is a lane of another.</summary>
    public (EdgeTunnel Live, FakeTunnel Tunnel) ConnectLane(string edgeId, string instance, string tunnelId, int index)
    {
        var (live, tunnel) = Connect(edgeId);
        tunnel.Features = TunnelFeatures.Lanes;
        ((IHubTunnelHandler)live).OnHello(tunnel, new Hello { Instance = instance, Lane = new LaneHello(tunnelId, index) });
        return (live, tunnel);
    }

    public static EdgeDefinition Edge(string id, params int[] ports) =>
        new() { Id = id, ListenPorts = [.. ports.Select(PortRange.FromInt32)] };

    private sealed class NoForwarder : ITunnelForwarder
    {
        public void OnStreamOpened(EdgeTunnel tunnel, ITunnelStream stream, in StreamOpening opening)
        {
        }

        public IDatagramSink? OnSessionOpened(EdgeTunnel tunnel, ITunnelSession session, in StreamOpening opening) => null;

        public void OnBlocked(EdgeTunnel tunnel, BlockedReport report)
        {
        }
    }
}
