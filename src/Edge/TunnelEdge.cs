using System.Net;
using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using Tunnel.Edge.Admission;
using Tunnel.Edge.Connecting;
using Tunnel.Edge.Events;
using Tunnel.Edge.Listening;
using Tunnel.Edge.Udp;
using Tunnel.Shared.Protocol.Messages;
using Tunnel.Shared.Transport;
using Tunnel.Shared.Transport.Tls;
using TransportContext = Tunnel.Shared.Transport.TransportContext;

namespace Tunnel.Edge;

/// <summary>
/// The public side of the tunnel: keeps a connection to a hub, binds the ports that the hub assigns, and carries their clients.
/// Events are raised one at a time on the thread pool, and dropped when subscribers fall 1,024 behind.
/// </summary>
public sealed class TunnelEdge : IAsyncDisposable
{
    private readonly TunnelEdgeOptions _options;
    private readonly ILogger _logger;
    private readonly EventQueue _events;
    private readonly RefusalCounters _refusals = new();
    private readonly TunnelConnector _connector;
    private readonly ConfigApplier _configs;
    private readonly UdpSessions _sessions;
    private readonly PortListeners _ports;
    private readonly CancellationTokenSource _stopping = new();
    private Task _loops = Task.CompletedTask;
    private volatile State _state = State.New;

    /// <summary>Makes an edge; nothing is connected nor bound before <see cref="StartAsync"/>.</summary>
    /// <param name="options">What it is to do.</param>
    /// <param name="loggerFactory">Where it logs.</param>
    /// <param name="time">The clock of all time limits; the system's when null.</param>
    /// <param name="dialer">How the hub is reached; TLS over TCP when null.</param>
    public TunnelEdge(TunnelEdgeOptions options, ILoggerFactory loggerFactory, TimeProvider? time = null, ITunnelDialer? dialer = null)
    {
        time ??= TimeProvider.System;
        _options = options;
        _logger = loggerFactory.CreateLogger<TunnelEdge>();
        _events = new EventQueue(_logger);
        var observer = new EdgeObserver(this);
        ILogger connecting = loggerFactory.CreateLogger("Tunnel.Edge.Connecting");
        ILogger listening = loggerFactory.CreateLogger("Tunnel.Edge.Listening");
        ILogger udp = loggerFactory.CreateLogger("Tunnel.Edge.Udp");

        var transport = new TransportContext(options.FlowControl, time, loggerFactory);
        dialer ??= new TlsTunnelDialer(transport);
        var pins = new PinStore(options.StateDirectory, options.Pins, connecting);
        _configs = new ConfigApplier(pins, observer, time, connecting);
        _connector = new TunnelConnector(
            CreateConnectorOptions(options), new HubDialer(dialer, Dns.GetHostAddressesAsync, time), pins, _configs, observer,
            Random.Shared.NextDouble, time, connecting);

        _sessions = new UdpSessions(_connector, _refusals, options.MaxUdpSessions, options.UdpIdleTimeout, time, udp);
        var handover = new ClientHandover(_connector, transport, DescriptorGuard.ForProcess(), _refusals, observer, listening);
        var binder = new PortBinder(
            BindAddress.Effective(options.BindAddress, BindAddress.ProbeIpv6(), listening),
            new PortRules(options.AllowPorts, options.ProtectedPorts), handover, observer, _sessions, _refusals, NoReports.Instance, time, listening);
        _ports = new PortListeners(binder, options.DrainTimeout, time, listening, () => _configs.OnPortsChanged(_ports!.GetState()));
    }

    /// <summary>A tunnel to the hub was made.</summary>
    public event EventHandler<TunnelConnectedEvent>? TunnelConnected;

    /// <summary>A tunnel is over.</summary>
    public event EventHandler<TunnelDisconnectedEvent>? TunnelDisconnected;

    /// <summary>The first configuration of a tunnel was applied.</summary>
    public event EventHandler<PortsEvent>? PortsAssigned;

    /// <summary>A later configuration was applied, or a port that had failed could be bound, or fails for another reason.</summary>
    public event EventHandler<PortsEvent>? PortsUpdated;

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
        _logger.EdgeStarted(_options.EdgeId, $"{_options.HubHost}:{_options.HubPort}");
        _loops = Task.WhenAll(Task.Run(() => _connector.RunAsync(_stopping.Token)), Task.Run(ApplyConfigsAsync));
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
        await _loops;
        _ports.CloseAll(drainTimeout);
        await _connector.CloseAsync(drainTimeout);
    }

    /// <summary>How the edge is now.</summary>
    public EdgeStatus GetStatus()
    {
        ConnectionStatus connection = _connector.Status;
        PortState ports = _ports.GetState();
        (long fromClients, long toClients) = _connector.Totals.GetBytes();
        return new EdgeStatus
        {
            Running = _state == State.Running,
            Connected = connection.Connected,
            EdgeId = _options.EdgeId,
            Hub = $"{_options.HubHost}:{_options.HubPort}",
            HubAddress = connection.Address?.ToString(),
            Transport = connection.Transport is { } kind ? TransportName(kind) : null,
            Since = connection.Since,
            Rtt = _connector.Current?.RoundTripTime?.TotalMilliseconds,
            ActiveStreams = _connector.Totals.ActiveStreams,
            ActiveSessions = _connector.Totals.ActiveSessions,
            ListenPorts = ports.NumbersOf(PortProtocol.Tcp),
            ListenPortsUdp = ports.NumbersOf(PortProtocol.Udp),
            FailedPorts = ports.ToFailures(),
            Ports = _ports.GetStatistics(),
            BytesIn = fromClients,
            BytesOut = toClients,
            LastError = connection.LastError,
            NextAttempt = connection.NextAttempt,
            Refused = _refusals.ToDictionary(),
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
        await _events.DisposeAsync();
        _stopping.Dispose();
    }

    /// <summary>Whether the loops turn, or have ended because they were told to (a drain is no fault): for a watchdog.</summary>
    internal bool IsAlive => _state == State.Stopped || (_state == State.Running && !_loops.IsCompleted);

    internal static string TransportName(TransportKind kind) => kind == TransportKind.TcpTls ? "tcpTls" : "quic";

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

    private async Task ApplyConfigsAsync()
    {
        try
        {
            await _configs.RunAsync(_ports, _stopping.Token);
        }
        catch (OperationCanceledException)
        {
        }
    }

    /// <summary>Turns what the parts see into events.</summary>
    private sealed class EdgeObserver(TunnelEdge edge) : IConnectorObserver, IClientObserver
    {
        public void OnConnected(IPEndPoint address, TransportKind transport) =>
            edge._events.Raise(edge.TunnelConnected, edge, new TunnelConnectedEvent(address, TransportName(transport)));

        public void OnDisconnected(IPEndPoint address, TunnelEnd end) =>
            edge._events.Raise(edge.TunnelDisconnected, edge, new TunnelDisconnectedEvent(address, $"{end.Kind}: {end.Detail}"));

        public void OnPortsApplied(long revision, PortState ports, bool initial) =>
            edge._events.Raise(
                initial ? edge.PortsAssigned : edge.PortsUpdated, edge,
                new PortsEvent(revision, ports.NumbersOf(PortProtocol.Tcp), ports.NumbersOf(PortProtocol.Udp), ports.ToFailures()));

        public void OnClientConnected(PortKey port, IPEndPoint? client)
        {
            // Thousands a second: nothing is made when nobody asks.
            if (edge.StreamOpened is { } handler)
                edge._events.Raise(handler, edge, new StreamOpenedEvent(port.Port, client));
        }

        public void OnClientClosed(PortKey port, IPEndPoint? client, ITunnelStream stream, in StreamEnd end)
        {
            if (edge.StreamClosed is { } handler)
            {
                string reason = end.Completed ? "completed" : $"{end.Side}: {end.Reason}";
                edge._events.Raise(handler, edge,
                    new StreamClosedEvent(port.Port, client, stream.BytesSent, stream.BytesReceived, end.Completed, reason));
            }
        }
    }
}
