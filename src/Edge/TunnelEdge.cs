using System.Diagnostics.Metrics;
using System.Net;
using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using Tunnel.Edge.Configuration;
using Tunnel.Edge.Configuring;
using Tunnel.Edge.Connecting;
using Tunnel.Edge.Endpoints;
using Tunnel.Edge.Events;
using Tunnel.Edge.Firewall;
using Tunnel.Edge.Observability;
using Tunnel.Edge.Ports;
using Tunnel.Edge.PublicAddress;
using Tunnel.Edge.Refusing;
using Tunnel.Edge.Status;
using Tunnel.Edge.Tcp;
using Tunnel.Edge.Udp;
using Tunnel.Shared.Hosting;
using Tunnel.Shared.Hosting.Logging;
using Tunnel.Shared.Protocol.Addresses;
using Tunnel.Shared.Protocol.Messages;
using Tunnel.Shared.Protocol.Tokens;
using Tunnel.Shared.Sockets;
using Tunnel.Shared.Transport;
using Tunnel.Shared.Transport.KernelMemory;
using TransportContext = Tunnel.Shared.Transport.TransportContext;

namespace Tunnel.Edge;

/// <summary>
/// The public side of the tunnel: keeps a connection to a hub, binds the ports that the hub assigns, and carries their clients.
/// Events are raised one at a time on the thread pool, and dropped when subscribers fall 1,024 behind.
/// </summary>
public sealed class TunnelEdge : IAsyncDisposable
{
    private const int MaxQueuedEvents = 1024;
    private static readonly TimeSpan ControlLimit = TimeSpan.FromSeconds(2);

    private readonly TunnelEdgeOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly EventQueue<Action> _events;
    private readonly Task _raising;
    private readonly RefusalCounters _refusals = new();
    private readonly EdgeParts _parts;
    private readonly TunnelConnector _connector;
    private readonly ConfigApplier _configs;
    private readonly BlockedClients _blocked;
    private readonly UdpSessions _sessions;
    private readonly PortRules _rules;
    private readonly PortListeners _ports;
    private readonly FirewallController _firewall;
    private readonly BlockedSources _blockedSources = new();
    private readonly PublicAddressMonitor _publicAddress;
    private readonly CrashRecovery _crash;
    private readonly CancellationTokenSource _stopping = new();
    private Task _loops = Task.CompletedTask;
    private Task _watching = Task.CompletedTask;
    private volatile State _state = State.New;

    /// <summary>Makes an edge; nothing is connected nor bound before <see cref="StartAsync"/>.</summary>
    /// <param name="options">What it is to do.</param>
    /// <param name="loggerFactory">Where it logs.</param>
    /// <param name="time">The clock of all time limits; the system's when null.</param>
    /// <param name="dialer">How the hub is reached; by <see cref="TunnelEdgeOptions.Transport"/> when null.</param>
    /// <param name="meters">Makes its meter, <c>Tunnel.Edge</c>; null: there are no metrics.</param>
    /// <exception cref="ArgumentException">The hub or a STUN server is no host name or address.</exception>
    /// <exception cref="OperatorException">The transport is QUIC only, and this machine has no libmsquic; or somebody else may write to the state directory.</exception>
    public TunnelEdge(TunnelEdgeOptions options, ILoggerFactory loggerFactory, TimeProvider? time = null, ITunnelDialer? dialer = null, IMeterFactory? meters = null)
    {
        time ??= TimeProvider.System;
        loggerFactory = BoundedLoggerFactory.Bound(loggerFactory, time);
        foreach (string host in (string[])[options.HubHost, .. options.StunServers.IsDefault ? [] : options.StunServers.Select(server => server.Host)])
        {
            if (!HostSyntax.IsUrlHost(host))
                throw new ArgumentException($"\"{host}\" {HostSyntax.FaultOfHost(host, HostSyntax.ValidHost)}", nameof(options));
        }

        (_options, _time) = (options, time);
        _logger = loggerFactory.CreateLogger<TunnelEdge>();
        _events = new EventQueue<Action>(static raise => raise(), _logger, MaxQueuedEvents);
        _raising = Task.Run(_events.RunAsync);
        _crash = new CrashRecovery(options, time, _logger);
        var observer = new EdgeObserver(this);
        ILogger connecting = loggerFactory.CreateLogger("Tunnel.Edge.Connecting");
        ILogger listening = loggerFactory.CreateLogger("Tunnel.Edge.Listening");
        ILogger udp = loggerFactory.CreateLogger("Tunnel.Edge.Udp");

        var transport = new TransportContext(options.FlowControl, time, loggerFactory, options.CongestionControl) { Lanes = new LaneOptions { Max = options.Lanes } };
        TransportSelector transports = dialer is null
            ? TransportSetup.Create(options.Transport, transport, connecting)
            : TransportSetup.Create(dialer, transport, connecting);
        // Whoever may write there chooses which hub gets the secret.
        if (options.StateDirectory is { } state)
            StateDirectory.Secure(state, [PinStore.FileName, CrashRecovery.MarkerOf(options)], connecting);
        var pins = new PinStore(options.StateDirectory, options.Pins, connecting);
        _configs = new ConfigApplier(pins, observer, time, connecting);
        ConnectorOptions connector = CreateConnectorOptions(options);
        _firewall = PacketFilter.Create(options, connector.Hello, pins, transport, () => _connector!.Current?.Kind, observer, loggerFactory.CreateLogger("Tunnel.Edge.Firewall"));
        _connector = new TunnelConnector(
            connector, transports, pins, _configs, observer,
            Random.Shared.NextDouble, time, connecting);

        _publicAddress = new PublicAddressMonitor(
            options.StunServers, new StunClient(time).AskAsync, Dns.GetHostAddressesAsync, OnPublicAddress, time,
            loggerFactory.CreateLogger("Tunnel.Edge.PublicAddress"));

        _blocked = new BlockedClients(_connector, time);
        _sessions = new UdpSessions(_connector, _refusals, options.MaxUdpSessions, options.MaxUdpSessionsPerAddress, options.UdpIdleTimeout, time, udp);
        Descriptors = DescriptorGuard.ForProcess(time);
        var handover = new ClientHandover(_connector, transport, Descriptors, _refusals, observer, listening);
        _rules = new PortRules(options.AllowPorts, options.ProtectedPorts);
        var binder = new PortBinder(
            BindAddress.Effective(options.BindAddress, BindAddress.ProbeIpv6(), listening),
            _rules, handover, observer, _sessions, _refusals, _blocked, time, listening)
        {
            Sources = _blockedSources,
        };
        _ports = new PortListeners(binder, new PortLimit(Descriptors), options.DrainTimeout, time, listening, () => _configs.OnPortsChanged(_ports!.GetState()));
        _parts = new EdgeParts(_connector, _refusals, _ports, _events, transport);
        if (meters is not null)
            EdgeMetrics.Add(meters, _parts);
    }

    /// <summary>A tunnel to the hub was made.</summary>
    public event EventHandler<TunnelConnectedEvent>? TunnelConnected;

    /// <summary>A tunnel is over.</summary>
    public event EventHandler<TunnelDisconnectedEvent>? TunnelDisconnected;

    /// <summary>The first configuration of a tunnel was applied.</summary>
    public event EventHandler<PortsEvent>? PortsAssigned;

    /// <summary>A later configuration was applied, or a port that had failed could be bound, or fails for another reason.</summary>
    public event EventHandler<PortsEvent>? PortsUpdated;

    /// <summary>This edge's public address was found out, or has changed.</summary>
    public event EventHandler<PublicIpDiscoveredEvent>? PublicIpDiscovered;

    /// <summary>A firewall configuration was put in place, or could not be.</summary>
    public event EventHandler<FirewallConfigUpdatedEvent>? FirewallConfigUpdated;

    /// <summary>Somebody else has changed the packet filter that was in force.</summary>
    public event EventHandler<FirewallDriftedEvent>? FirewallDrifted;

    /// <summary>The last run of this edge was cut off, and what it left behind is cleaned up.</summary>
    public event EventHandler<CrashRecoveredEvent>? CrashRecovered;

    /// <summary>The last run of this edge was cut off, and something that it left behind can't be cleaned up.</summary>
    public event EventHandler<CrashRecoveryFailedEvent>? CrashRecoveryFailed;

    /// <summary>A client got a stream.</summary>
    public event EventHandler<StreamOpenedEvent>? StreamOpened;

    /// <summary>A client's stream is over.</summary>
    public event EventHandler<StreamClosedEvent>? StreamClosed;

    private enum State
    {
        New,
        Running,
        Stopped,
    }

    /// <summary>Starts to connect, and returns without waiting for the hub.</summary>
    /// <exception cref="InvalidOperationException">It was started before.</exception>
    public Task StartAsync(CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (_state != State.New)
            throw new InvalidOperationException("An edge can be started once.");
        _state = State.Running;
        _crash.Begin();
        if (DescriptorLimit.Read() is var limit && limit.Soft < limit.Hard)
            _logger.DescriptorLimitLow(limit.Soft, limit.Hard);
        _parts.Transport.TcpMemory.Start(TcpMemoryFigures.Read);
        _logger.EdgeStarted(_options.EdgeId, $"{_options.HubHost}:{_options.HubPort}");
        _loops = Task.WhenAll(Task.Run(() => _connector.RunAsync(_stopping.Token)), Task.Run(ApplyConfigsAsync));
        _watching = Task.WhenAll(Task.Run(WatchPublicAddressAsync), Task.Run(WatchFirewallAsync));
        return Task.CompletedTask;
    }

    /// <summary>
    /// Stops: no new clients, the hub is told, open streams may go on for <paramref name="drainTimeout"/> and are reset then. Returns when all is closed.
    /// </summary>
    public async Task StopAsync(TimeSpan drainTimeout)
    {
        if (_state != State.Running)
            return;
        _state = State.Stopped;
        _logger.EdgeStopping(_options.EdgeId, _connector.Totals.ActiveStreams, drainTimeout.TotalSeconds);
        await _stopping.CancelAsync();
        await Task.WhenAll(_loops, _watching);
        _ports.CloseAll(drainTimeout);
        // The ports are closed, and connections that are open pass: there is nothing to filter any more.
        await _firewall.RemoveAsync();
        await _connector.CloseAsync(drainTimeout);
        _crash.End();
    }

    /// <summary>
    /// Takes over what of <paramref name="options"/> can change while the edge runs: <see cref="TunnelEdgeOptions.AllowPorts"/> and
    /// <see cref="TunnelEdgeOptions.ProtectedPorts"/>. Ports are closed and bound at once, and the hub is told. Everything else stays as it is.
    /// </summary>
    public void ChangeOptions(TunnelEdgeOptions options)
    {
        _rules.Change(options.AllowPorts, options.ProtectedPorts);
        _ports.Recheck(_rules);
        _ = _firewall.ChangeProtectedPortsAsync(options.ProtectedPorts);
    }

    /// <summary>How the edge is now.</summary>
    public EdgeStatus GetStatus()
    {
        ConnectionStatus connection = _connector.Status;
        PortState ports = _ports.GetState();
        TunnelCounters carried = _connector.Totals.GetCounters();
        return new EdgeStatus
        {
            Running = _state == State.Running,
            Connected = connection.Connected,
            EdgeId = _options.EdgeId,
            Hub = $"{_options.HubHost}:{_options.HubPort}",
            HubAddress = connection.Address?.ToString(),
            Transport = connection.Transport?.Word(),
            TransportMode = _options.Transport.Word(),
            TransportReason = connection.Choice?.Word,
            TransportDetail = connection.Choice?.Detail,
            Since = connection.Since,
            Lanes = _connector.Current?.Lanes ?? 0,
            MaxPacket = _connector.MaxPacket,
            Rtt = _connector.Current?.RoundTripTime?.TotalMilliseconds,
            PublicIp = _publicAddress.Current.Primary?.ToString(),
            PublicIpv6 = _publicAddress.Current.IPv6?.ToString(),
            ActiveStreams = _connector.Totals.ActiveStreams,
            ActiveSessions = _connector.Totals.ActiveSessions,
            ListenPorts = ports.NumbersOf(PortProtocol.Tcp),
            ListenPortsUdp = ports.NumbersOf(PortProtocol.Udp),
            FailedPorts = ports.ToFailures(),
            Ports = _ports.GetStatistics(),
            BytesIn = carried.BytesSent,
            BytesOut = carried.BytesReceived,
            LastError = connection.LastError,
            Crash = _crash.Crash,
            NextAttempt = connection.NextAttempt,
            DescriptorLimit = Descriptors.Limit,
            TcpMemory = _parts.Transport.TcpMemory.Status,
            Firewall = _firewall.Status,
            Refused = _refusals.ToDictionary(),
            DatagramsDropped = _parts.DatagramsDropped,
        };
    }

    /// <summary>Stops without a drain, if it runs, and releases everything.</summary>
    public async ValueTask DisposeAsync()
    {
        await StopAsync(TimeSpan.Zero);
        // A stop that was given up by its caller may still be draining.
        await _connector.CloseAsync(TimeSpan.Zero);
        _ports.Dispose();
        _sessions.Dispose();
        _blocked.Dispose();
        Descriptors.Dispose();
        _parts.Transport.TcpMemory.Dispose();
        _firewall.Dispose();
        _events.Complete();
        await _raising;
        _stopping.Dispose();
    }

    /// <summary>Decides what there are descriptors for.</summary>
    internal DescriptorGuard Descriptors { get; }

    /// <summary>What of the edge stands still, in words for the log; null when all turns, or was told to end (a drain is no fault): for a watchdog.</summary>
    internal async Task<string?> FindFaultAsync()
    {
        if (_state == State.Stopped)
            return null;
        if (_state == State.New)
            return "the edge is not running";
        if (_loops.IsCompleted)
            return "the loop that keeps the tunnel, or the one that applies configurations, has ended";
        // The status takes every lock and a thread of the pool: who gets it has proved that none of them hangs.
        Task<PortKey?> stuck = Task.Run(() => GetStatus().Running ? _ports.FindStuck() : null);
        if (await Task.WhenAny(stuck, Task.Delay(ControlLimit, _time)) != stuck)
            return $"the edge's state could not be read for {ControlLimit.TotalSeconds:0} s";
        return await stuck is { } port
            ? $"clients wait at {port} and none was accepted for {AcceptWatch.Limit.TotalSeconds:0} s"
            : await EventLoops.FindStuckAsync(_time);
    }

    private static ConnectorOptions CreateConnectorOptions(TunnelEdgeOptions options) => new()
    {
        HubHost = options.HubHost,
        HubPort = options.HubPort,
        EdgeId = options.EdgeId,
        Secret = options.Secret,
        InsecureSkipVerify = options.InsecureSkipVerify,
        DrainTimeout = options.DrainTimeout,
        Hello = new Hello
        {
            Version = typeof(TunnelEdge).Assembly.GetName().Version?.ToString(3) ?? "",
            Instance = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16)),
            Generation = 1,
            Host = Environment.MachineName,
            Os = Environment.OSVersion.ToString(),
        },
    };

    // One by one: a subscriber that throws must not take the event from the others.
    private void Raise<TEvent>(EventHandler<TEvent>? handlers, TEvent raised)
    {
        foreach (EventHandler<TEvent> handler in Delegate.EnumerateInvocationList(handlers))
            _events.Post(() => handler(this, raised));
    }

    private async Task ApplyConfigsAsync()
    {
        try
        {
            string? left = await _firewall.RemoveLeftoverAsync(_stopping.Token);
            _crash.Note(left, recovered => Raise(CrashRecovered, recovered), failed => Raise(CrashRecoveryFailed, failed));
            await _configs.RunAsync(_ports, _firewall, _stopping.Token);
        }
        catch (OperationCanceledException)
        {
        }
    }

    // No part of the watchdog's loops: the edge does its work without it.
    private async Task WatchPublicAddressAsync()
    {
        try
        {
            await _publicAddress.RunAsync(_stopping.Token);
        }
        catch (OperationCanceledException)
        {
        }
        catch (Exception e)
        {
            _logger.PublicAddressFaulted(e);
        }
    }

    private async Task WatchFirewallAsync()
    {
        try
        {
            await _firewall.WatchAsync(_stopping.Token);
        }
        catch (OperationCanceledException)
        {
        }
    }

    private void OnPublicAddress(PublicAddresses addresses)
    {
        _connector.PublicAddress = addresses;
        Raise(PublicIpDiscovered, new PublicIpDiscoveredEvent(addresses.Primary!, addresses.IPv6));
    }

    /// <summary>Turns what the parts see into events.</summary>
    private sealed class EdgeObserver(TunnelEdge edge) : IConnectorObserver, IClientObserver, IPacketFilterObserver
    {
        public void OnConnected(IPEndPoint address, TransportKind transport, TransportChoice choice) =>
            edge.Raise(edge.TunnelConnected, new TunnelConnectedEvent(address, transport.Word(), choice.Word));

        public void OnDisconnected(IPEndPoint address, TunnelEnd end) =>
            edge.Raise(edge.TunnelDisconnected, new TunnelDisconnectedEvent(address, $"{end.Kind}: {end.Detail}"));

        public void OnConfiguration(TunnelConfig config)
        {
            edge._publicAddress.NoteSeen(config.Hub?.SeenAs);
            edge._publicAddress.SetInterval(config.StunIntervalSecs);
        }

        public void OnPortsApplied(long revision, PortState ports, bool initial) =>
            edge.Raise(
                initial ? edge.PortsAssigned : edge.PortsUpdated,
                new PortsEvent(revision, ports.NumbersOf(PortProtocol.Tcp), ports.NumbersOf(PortProtocol.Udp), ports.ToFailures()));

        public void OnFirewallChanged(long revision, FirewallStatus status) =>
            edge.Raise(edge.FirewallConfigUpdated, new FirewallConfigUpdatedEvent(revision, status.Error is null, status.Error));

        public void OnFirewallDrifted(FirewallDrift drift) => edge.Raise(edge.FirewallDrifted, new FirewallDriftedEvent(drift.What, drift.Mended));

        public int OnBlocked(AddressSet blocked)
        {
            // New ones first: between the two nobody slips in.
            edge._blockedSources.Current = blocked;
            return blocked.Count == 0 ? 0 : edge._ports.Reset(blocked.Contains);
        }

        public void OnClientConnected(PortKey port, IPEndPoint? client)
        {
            // Thousands a second: nothing is made when nobody asks.
            if (edge.StreamOpened is { } handler)
                edge.Raise(handler, new StreamOpenedEvent(port.Port, client));
        }

        public void OnClientClosed(PortKey port, IPEndPoint? client, ITunnelStream stream, in StreamEnd end)
        {
            if (edge.StreamClosed is { } handler)
            {
                string reason = end.Completed ? "completed" : $"{end.Side}: {end.Reason}";
                edge.Raise(handler,
                    new StreamClosedEvent(port.Port, client, stream.BytesSent, stream.BytesReceived, end.Completed, reason));
            }
        }
    }
}
