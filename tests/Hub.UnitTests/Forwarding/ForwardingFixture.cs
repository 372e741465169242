using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using Tunnel.Hub.Edges.Definitions;
using Tunnel.Hub.Edges.Live;
using Tunnel.Hub.Forwarding;
using Tunnel.Hub.Forwarding.Authorizing;
using Tunnel.Hub.Forwarding.Entering;
using Tunnel.Hub.Forwarding.Securing;
using Tunnel.Hub.Hooks;
using Tunnel.Hub.Targets;
using Tunnel.Hub.Targets.Connecting;
using Tunnel.Hub.Targets.Pools;
using Tunnel.Hub.Traffic;
using Tunnel.Hub.UnitTests.Fakes;
using Tunnel.Shared.Protocol.Addresses;
using Tunnel.Shared.Protocol.Messages;
using Tunnel.Shared.Sockets;
using Tunnel.Shared.Transport;
using Tunnel.Shared.Transport.Buffers;
using Tunnel.TestUtilities;
using TransportContext = Tunnel.Shared.Transport.TransportContext;

namespace Tunnel.Hub.UnitTests.Forwarding;

/// <summary>The forwarding of one edge "a" with fake streams and sessions, and real sockets behind.</summary>
internal sealed class ForwardingFixture : IDisposable
{
    public static readonly IPEndPoint Client = new(IPAddress.Parse("203.0.113.7"), 40000);
    public static readonly IPEndPoint Public = new(IPAddress.Parse("198.51.100.1"), 80);
    private readonly TestRegistry _registry;
    private readonly SwitchedForwarder _switch = new();

    public ForwardingFixture(
        IUpstreamConnector? connector = null, Func<string, Task<IPAddress[]>>? lookUp = null, DescriptorGuard? descriptors = null,
        long memoryBudget = 200 << 20)
    {
        _registry = new TestRegistry(_switch);
        Hooks = new HookRunner(_registry.Time, NullLogger.Instance);
        var options = ForwardingOptions.Default with { StreamsPerEdge = 100, SessionsPerEdge = 100, MaxSessions = 4 };
        var guard = descriptors ?? PlentyOfDescriptors.Guard;
        var resolver = new TargetResolver(_registry.Time, lookUp);
        var context = new TransportContext(
            new FlowControlOptions { MemoryBudget = memoryBudget }, _registry.Time, NullLoggerFactory.Instance)
        {
            ResumeGrace = TransportContext.DefaultResumeGrace,
        };
        Pools = new TargetPools(
            resolver, NoPools.Instance, new PoolReports(_registry.Events.Queue, _registry.Time, NullLogger<PoolReports>.Instance),
            _registry.Time);
        Gate = new PortGate(options, Pools, Traffic, context);
        Authorizers = new Authorizers(
            rule => AuthorizeHandler ?? AuthorizeConnections.Open(resolver, rule),
            new AuthorizeReports(_registry.Events.Queue, _registry.Time, NullLogger<AuthorizeReports>.Instance), _registry.Time);
        var tls = new TlsReports(_registry.Events.Queue, _registry.Time, NullLogger<TlsReports>.Instance);
        Streams = new StreamForwarder(
            Gate, connector ?? new UpstreamConnector(resolver, guard, _registry.Time), _registry.Events.Queue, context)
        {
            Authorizers = Authorizers,
            Tls = new TlsServers(tls, _registry.Time),
            UpstreamTls = new UpstreamTls(tls, _registry.Time, NullLogger.Instance),
            Entrance = new Entrance(Hooks, new PortAcceptors(), _registry.Time, NullLogger.Instance),
        };
        Sessions = new SessionForwarder(Gate, resolver, guard, context, NullLogger<SessionForwarder>.Instance);
        Budget = context.Flow.Budget;
        _switch.Target = new TunnelForwarder(Gate, Streams, Sessions);
        Streams.TakeTurn = static (_, dial) => dial();
        Sessions.TakeTurn = static (_, open) =>
        {
            open();
            return true;
        };
    }

    public TrafficRegistry Traffic { get; } = new();

    public ManualTimeProvider Time => _registry.Time;

    public EventLog Events => _registry.Events;

    public TargetPools Pools { get; }

    public HookRunner Hooks { get; }

    public Authorizers Authorizers { get; }

    /// <summary>Answers in place of an <c>authorizeUrl</c>; null: real connections.</summary>
    public HttpMessageHandler? AuthorizeHandler { get; init; }

    public PortGate Gate { get; }

    public StreamForwarder Streams { get; }

    public SessionForwarder Sessions { get; }

    public DatagramMemory Memory => Sessions.Memory;

    public MemoryBudget Budget { get; }

    public FakeTunnel Tunnel { get; private set; } = null!;

    public EdgeTunnel Live { get; private set; } = null!;

    /// <summary>Connects the edge with one TCP and one UDP port, 80, of this policy.</summary>
    public void ConnectEdge(PortPolicyDefinition policy, CidrSet? targetAllowCidrs = null)
    {
        _registry.Allowed.Put(new EdgeDefinition
        {
            Id = "a",
            ListenPorts = [80],
            ListenPortsUdp = [80],
            Ports = EdgeDefinition.NoPorts.Add("default", policy),
            TargetAllowCidrs = targetAllowCidrs,
        });
        new PoolSync(Gate, Pools).Apply("a", _registry.Allowed.Find("a"));
        (Live, Tunnel) = _registry.Connect("a", "one");
    }

    /// <summary>Connects the edge over another tunnel, to which its open streams and sessions may belong.</summary>
    public void ConnectAgain()
    {
        (Live, Tunnel) = _registry.Connect("a");
        Tunnel.Features |= TunnelFeatures.Move;
        ((IHubTunnelHandler)Live).OnHello(Tunnel, new Hello { Instance = "one" });
    }

    public FakeStream OpenStream(int port = 80, IPEndPoint? client = null) => OpenStream(new StreamOpening(client ?? Client, Public, port));

    /// <summary>Opens a stream as PROXY UNKNOWN does.</summary>
    public FakeStream OpenUnknownStream() => OpenStream(new StreamOpening(null, null, 80));

    /// <summary>Opens a stream as the command LOCAL does.</summary>
    public IDatagramSink? OpenUnknownSession() =>
        ((IHubTunnelHandler)Live).OnSessionOpened(Tunnel, new FakeSession(), new StreamOpening(null, null, 80));

    public (FakeSession Session, IDatagramSink? Sink) OpenSession(int port = 80)
    {
        var session = new FakeSession();
        return (session, ((IHubTunnelHandler)Live).OnSessionOpened(Tunnel, session, new StreamOpening(Client, Public, port)));
    }

    public void Dispose()
    {
        Streams.Dispose();
        Streams.Tls.Dispose();
        Authorizers.Dispose();
        Sessions.Dispose();
    }

    private FakeStream OpenStream(in StreamOpening opening)
    {
        var stream = new FakeStream();
        ((IHubTunnelHandler)Live).OnStreamOpened(Tunnel, stream, opening);
        return stream;
    }

    private sealed class SwitchedForwarder : ITunnelForwarder
    {
        public ITunnelForwarder? Target { get; set; }

        public void OnStreamOpened(EdgeTunnel tunnel, ITunnelStream stream, in StreamOpening opening) =>
            Target!.OnStreamOpened(tunnel, stream, opening);

        public IDatagramSink? OnSessionOpened(EdgeTunnel tunnel, ITunnelSession session, in StreamOpening opening) =>
            Target!.OnSessionOpened(tunnel, session, opening);

        public void OnBlocked(EdgeTunnel tunnel, BlockedReport report) => Target!.OnBlocked(tunnel, report);
    }
}
