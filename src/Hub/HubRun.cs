using System.Net;
using Microsoft.Extensions.Logging;
using Tunnel.Hub.Accepting;
using Tunnel.Hub.Blocks;
using Tunnel.Hub.Configuration;
using Tunnel.Hub.Edges.Allowed;
using Tunnel.Hub.Edges.Live;
using Tunnel.Hub.Edges.Presence;
using Tunnel.Hub.Edges.State;
using Tunnel.Hub.Events;
using Tunnel.Hub.Forwarding;
using Tunnel.Hub.Forwarding.Adapting;
using Tunnel.Hub.Forwarding.Authorizing;
using Tunnel.Hub.Forwarding.Entering;
using Tunnel.Hub.Forwarding.Securing;
using Tunnel.Hub.History;
using Tunnel.Hub.Observability;
using Tunnel.Hub.Status;
using Tunnel.Hub.Targets;
using Tunnel.Hub.Targets.Connecting;
using Tunnel.Hub.Targets.Health;
using Tunnel.Hub.Targets.Pools;
using Tunnel.Hub.Traffic;
using Tunnel.Shared.Files;
using Tunnel.Shared.Guarding;
using Tunnel.Shared.Hosting.Replacing;
using Tunnel.Shared.Sockets;
using Tunnel.Shared.Strangers;
using Tunnel.Shared.Transport;
using Tunnel.Shared.Transport.KernelMemory;
using TransportContext = Tunnel.Shared.Transport.TransportContext;

namespace Tunnel.Hub;

// Over 300 lines: the parts of a run are made, joined, opened and closed here, each in its order; each line names another part.
/// <summary>One run of the hub, from start to stop: its parts, joined in the order in which a client's bytes pass through them.</summary>
internal sealed class HubRun : IDisposable
{
    private readonly PortGate _gate;
    private readonly PortPreparation _preparation;
    private readonly HealthMonitor _health;
    private readonly AdaptivePorts _adaptive;
    private readonly Authorizers _authorizers;
    private readonly PresenceKeeper _keeper;
    private readonly DescriptorGuard _descriptors;
    private readonly Inheritance _inherited;
    private readonly StrangerRegistry _strangers;
    private readonly StrangerLimits _strangerLimits;
    private readonly FrontDoor _door;
    private readonly EdgeDialer _dialer;
    private readonly ILogger _logger;
    private readonly IDisposable _defects;
    private readonly TimeProvider _time;
    private Task _accepting = Task.CompletedTask;
    private TunnelListener? _listener;
    private QuicPort? _quic;
    private HistorySampler? _sampler;
    private CertificateWatch? _certificateWatch;
    private readonly ChangeReports _changes;
    private volatile bool _stopping;

    // Over 8 collaborators: three of them are the clock, the log and the guard of descriptors.
    /// <summary>Joins the parts; <see cref="Open"/> opens the port.</summary>
    public HubRun(
        TunnelHubOptions options,
        HubState state,
        HubCertificates certificates,
        HubEventFeed events,
        IHttpConnections? http,
        Entrance entrance,
        DescriptorGuard descriptors,
        Inheritance inherited,
        TimeProvider time,
        ILoggerFactory loggerFactory)
    {
        Events = events;
        _inherited = inherited;
        _descriptors = descriptors;
        Options = options;
        State = state;
        var edges = state.Edges;
        Certificates = certificates;
        Since = time.GetUtcNow();
        var limits = options.Limits;
        Context = new TransportContext(
            options.Windows with { MemoryBudget = limits.MemoryBudget }, time, loggerFactory, options.CongestionControl)
        {
            Lanes = new LaneOptions { Max = limits.LanesPerTunnel },
            ResumeGrace = options.ResumeGrace,
        };

        var resolver = new TargetResolver(time);
        var reports = new PoolReports(events, time, loggerFactory.CreateLogger<PoolReports>());
        _adaptive = new AdaptivePorts(Traffic, time);
        _health = new HealthMonitor(new HealthProbe(), reports, time) { Answered = _adaptive.NoteCheck };
        Pools = new TargetPools(resolver, _health, reports, time);
        _gate = new PortGate(Forwarding(options), Pools, Traffic, Context);
        var tlsReports = new TlsReports(events, time, loggerFactory.CreateLogger<TlsReports>());
        Tls = new TlsServers(tlsReports, time);
        _authorizers = new Authorizers(
            rule => AuthorizeConnections.Open(resolver, rule),
            new AuthorizeReports(events, time, loggerFactory.CreateLogger<AuthorizeReports>()), time);
        Streams = new StreamForwarder(_gate, new UpstreamConnector(resolver, descriptors, time), events, Context)
        {
            Tls = Tls,
            UpstreamTls = new UpstreamTls(tlsReports, time, loggerFactory.CreateLogger<UpstreamTls>()),
            Authorizers = _authorizers,
            Adaptive = _adaptive,
            Entrance = entrance,
        };
        Sessions = new SessionForwarder(_gate, resolver, descriptors, Context, loggerFactory.CreateLogger<SessionForwarder>());
        Live = new LiveEdges(
            edges,
            Blocks,
            new TunnelForwarder(_gate, Streams, Sessions),
            LiveEdgesOptions.Default with
            {
                MaxEdges = limits.Edges,
                MaxLanes = limits.LanesPerTunnel,
                Drain = options.DrainTimeout,
                Rates = _adaptive.For,
            },
            events,
            time,
            loggerFactory);
        _adaptive.Changed += Live.Configs.RefreshRates;
        _keeper = new PresenceKeeper(
            Live.Presences,
            new PresenceFile(options.StateDir, new StateFiles(), loggerFactory.CreateLogger<PresenceFile>()),
            edgeId => edges.Find(edgeId) is not null,
            time);
        Address = new AnnouncedAddress(new HubAddressFile(options.StateDir, new StateFiles()), edges, Live.Configs);
        _preparation = new PortPreparation(_gate, Pools, Tls, Streams.UpstreamTls, _authorizers, _adaptive);
        edges.Changed += OnEdgesChanged;
        _changes = new ChangeReports(edges, Blocks, events, time);

        _time = time;
        _logger = loggerFactory.CreateLogger<TunnelListener>();
        _defects = Defects.LogTo(_logger);
        Keys = new AnnouncedCertificates(certificates, edges, Live, present => _quic?.Door?.Use(present, _logger), _logger);
        Keys.Announce();
        _strangerLimits = StrangerLimits.Of(limits.Unauthenticated, limits.PerAddress, limits.AuthTimeout);
        _strangers = new StrangerRegistry(_strangerLimits, time);
        Reception = new Reception(
            edges, Live, _strangers, new FailedTries(time, limits.FailedTriesPerMinute), loggerFactory.CreateLogger<Reception>());
        _door = new FrontDoor(() => certificates.Present, Reception, new TlsTunnelFactory(Context), http, descriptors, time);
        _dialer = new EdgeDialer(
            edges, Live.Dials,
            new DialWays(_door, options.Proxy, new DialPace(time), events, time, _logger)
            {
                Leases = state.Dials,
                SendAway = id => Live.SendAwayAsync(id).Guard("sending an edge to another address"),
            });
        Parts = new HubParts(edges, Live, Reception, _strangers, Streams, Sessions, Traffic, Context, certificates, Pools, Tls, _dialer)
        {
            SharedState = () => state.Shared,
        };
    }

    public TunnelHubOptions Options { get; }

    /// <summary>The feed of the hub's events, for readers.</summary>
    public HubEventFeed Events { get; }

    /// <summary>The state that operators change; it outlives the run's other parts.</summary>
    public HubState State { get; }

    public EdgeStore Edges => State.Edges;

    public HubCertificates Certificates { get; }

    /// <summary>The certificates as edges are told of them.</summary>
    public AnnouncedCertificates Keys { get; }

    /// <summary>The address as edges are told of it.</summary>
    public AnnouncedAddress Address { get; }

    public DateTimeOffset Since { get; }

    public TransportContext Context { get; }

    /// <summary>The traffic by edge and port.</summary>
    public TrafficRegistry Traffic { get; } = new();

    /// <summary>The traffic of the last hour.</summary>
    public TrafficHistory History { get; } = new();

    /// <summary>The pools of the ports that have one.</summary>
    public TargetPools Pools { get; }

    /// <summary>The TLS servers of the ports at which TLS ends.</summary>
    public TlsServers Tls { get; }

    public StreamForwarder Streams { get; }

    public SessionForwarder Sessions { get; }

    public LiveEdges Live { get; }

    public BlockList Blocks => State.Blocks;

    public Reception Reception { get; }

    /// <summary>The address and port that edges connect to; null before the port is open.</summary>
    public IPEndPoint? EndPoint => _listener?.LocalEndPoint;

    /// <summary>Whether edges may connect over QUIC.</summary>
    public bool HasQuic => _quic?.Door is not null;

    /// <summary>The parts that the metrics are read from.</summary>
    public HubParts Parts { get; }

    /// <summary>Binds the tunnel port; who comes waits until <see cref="Open"/>.</summary>
    /// <exception cref="Shared.Hosting.OperatorException">The address does not belong to this machine, or the port is taken.</exception>
    public void Bind()
    {
        var listener = TunnelListener.Bind(Options.BindAddress, Options.TunnelPort, _inherited.Sockets, _descriptors, _time, _logger);
        _listener = listener;
        _quic = new QuicPort(
            () => QuicDoor.Open(
                Options.Quic, Certificates.Present, listener.LocalEndPoint, Reception, _strangerLimits, Context, Options.StateDir, _logger),
            _time);
    }

    /// <summary>Serves the tunnel port, and begins all else.</summary>
    public void Open()
    {
        Context.TcpMemory.Start(TcpMemoryFigures.Read);
        _inherited.Sockets.CloseLeft();
        if (_inherited.Replaces is null)
            _quic!.Open();
        else
            _quic!.OpenWhenFree(EndPoint!);
        _accepting = _listener!.RunAsync(_door.Accept);
        _dialer.Start();
        if (Options.Tls.HasFiles)
            _certificateWatch = new CertificateWatch(Options.Tls, Certificates, Keys.OnFiles, Keys.IsKnownToAll, _time, _logger);
        _keeper.Start();
        _sampler = new HistorySampler(History, () => Live.Read(TrafficReading.Of), _time);
        _preparation.ApplyAll(Edges);
    }

    /// <summary>Uses other options for new streams and sessions.</summary>
    public void Change(TunnelHubOptions options)
    {
        _gate.Options = Forwarding(options);
        _preparation.ApplyAll(Edges);
    }

    /// <summary>Describes the present state of the hub.</summary>
    public HubStatus Describe() => HubStatuses.Describe(this, _gate.Options, _authorizers, _descriptors.Limit);

    /// <summary>Whether the hub stops, or drains before it does.</summary>
    public bool IsStopping => _stopping;

    /// <summary>Returns which part stands still, in words for the log; null when all parts work.</summary>
    public async Task<string?> FindFaultAsync()
    {
        // A drain is not a fault, although the port is closed then.
        if (_stopping)
            return null;
        if (_listener is not { } listener)
            return "the tunnel port is not open yet";
        if (_accepting.IsFaulted)
            return $"connections to the tunnel port are no longer accepted: {_accepting.Exception.InnerException!.Message}";
        return listener.IsAccepting
            ? await EventLoops.FindStuckAsync(_time)
            : $"connections wait at the tunnel port and none was accepted for {AcceptWatch.Limit.TotalSeconds:0} s";
    }

    /// <summary>Closes the port, lets open streams continue for the drain time, then ends the tunnels.</summary>
    public async Task StopAsync(TimeSpan drain)
    {
        _stopping = true;
        _certificateWatch?.Dispose();
        if (_listener is not null)
            await _listener.LeaveAsync();
        _dialer.Leave();
        if (_quic is not null)
            await _quic.DisposeAsync();
        _strangers.EndAll();
        await Live.StopAsync(drain);
        if (State.Dials is { } dials)
            await dials.CloseAsync(isReleased: true);
    }

    /// <summary>Writes what is only in memory and belongs to the state, for the process that replaces this one.</summary>
    public Task SaveAsync() => Task.Run(_keeper.Save);

    /// <summary>
    /// Leaves ports and state to the process that replaces this one, sends the edges there, and lets what is open go on for a while.
    /// </summary>
    public async Task LeaveAsync(TimeSpan limit)
    {
        _stopping = true;
        _certificateWatch?.Dispose();
        _keeper.Leave();
        await _listener!.LeaveAsync();
        _dialer.Dispose();
        if (State.Dials is { } dials)
            await dials.CloseAsync(isReleased: false);
        _quic!.Door?.TurnAway();
        _strangers.EndAll();
        var overQuic = Live.Tunnels.Where(live => live.Tunnel!.Kind == TransportKind.Quic).Select(live => live.Tunnel!.Completion);
        var leaving = Live.LeaveAsync(limit);
        await Task.WhenAll(overQuic);
        await _quic.DisposeAsync();
        await leaving;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _certificateWatch?.Dispose();
        _listener?.Dispose();
        _dialer.Dispose();
        Edges.Changed -= OnEdgesChanged;
        _changes.Dispose();
        Context.TcpMemory.Dispose();
        _sampler?.Dispose();
        _keeper.Dispose();
        _health.Dispose();
        _adaptive.Dispose();
        Live.Dispose();
        Streams.Dispose();
        Tls.Dispose();
        Streams.UpstreamTls.Dispose();
        _authorizers.Dispose();
        Sessions.Dispose();
        Certificates.Dispose();
        _defects.Dispose();
    }

    private static ForwardingOptions Forwarding(TunnelHubOptions options) =>
        new(options.TargetHost, options.Limits.StreamsPerEdge, ForwardingOptions.DefaultPerEdge)
        {
            DefaultProxyProtocol = options.DefaultProxyProtocol,
            TargetAllowCidrs = options.TargetAllowCidrs,
        };

    private void OnEdgesChanged(EdgeSetChange change)
    {
        foreach (var edgeId in change.Added.Concat(change.Updated).Concat(change.Removed))
            _preparation.Apply(edgeId, Edges.Find(edgeId));
        foreach (var edgeId in change.Removed)
        {
            Traffic.Forget(edgeId);
            History.Forget(edgeId);
        }
    }
}
