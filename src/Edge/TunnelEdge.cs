using System.Diagnostics.Metrics;
using System.Net;
using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging;
using Tunnel.Edge.Configuration;
using Tunnel.Edge.Connecting;
using Tunnel.Edge.Endpoints;
using Tunnel.Edge.Events;
using Tunnel.Edge.Observability;
using Tunnel.Edge.Ports;
using Tunnel.Edge.PublicAddress;
using Tunnel.Edge.Status;
using Tunnel.Shared.Hosting;
using Tunnel.Shared.Hosting.Logging;
using Tunnel.Shared.Hosting.Replacing;
using Tunnel.Shared.Protocol.Addresses;
using Tunnel.Shared.Protocol.Messages;
using Tunnel.Shared.Sockets;
using Tunnel.Shared.Transport;

namespace Tunnel.Edge;

/// <summary>
/// The public side of the tunnel: keeps a connection to a hub, binds the ports that the hub assigns, and carries their clients.
/// Events are raised one at a time on the thread pool; they are dropped while subscribers are 1,024 events behind.
/// </summary>
public sealed class TunnelEdge : IReplaceable, IAsyncDisposable
{
    private const int MaxQueuedEvents = 1024;

    private readonly TunnelEdgeOptions _options;
    private readonly ILogger _logger;
    private readonly EventQueue<Action> _events;
    private readonly Task _raising;
    private readonly EdgeRun _run;
    private volatile State _state = State.New;

    /// <summary>Creates an edge. Nothing is connected or bound before <see cref="StartAsync"/>.</summary>
    /// <param name="options">What the edge is to do.</param>
    /// <param name="loggerFactory">Creates the loggers.</param>
    /// <param name="time">The clock of all time limits; null means the system's.</param>
    /// <param name="dialer">How the hub is reached; null means by <see cref="TunnelEdgeOptions.Transport"/>.</param>
    /// <param name="inherited">What this process has of the one before; null means nothing.</param>
    /// <param name="meters">Creates the meter <c>Tunnel.Edge</c>; null means no metrics.</param>
    /// <exception cref="ArgumentException">The hub or a STUN server is not a host name or an address.</exception>
    /// <exception cref="OperatorException">The transport is QUIC only and this machine has no libmsquic; or another process holds the state
    /// directory; or somebody else may write to it.</exception>
    public TunnelEdge(
        TunnelEdgeOptions options, ILoggerFactory loggerFactory, TimeProvider? time = null, ITunnelDialer? dialer = null,
        Inheritance? inherited = null, IMeterFactory? meters = null)
    {
        time ??= TimeProvider.System;
        loggerFactory = BoundedLoggerFactory.Bound(loggerFactory, time);
        foreach (var host in (string[])[
            .. options.ForEachHub().Select(static hub => hub.HubHost),
            .. options.StunServers.IsDefault ? [] : options.StunServers.Select(server => server.Host)])
        {
            if (!HostSyntax.IsUrlHost(host))
                throw new ArgumentException($"\"{host}\" {HostSyntax.FaultOfHost(host, HostSyntax.ValidHost)}", nameof(options));
        }

        _options = options;
        _logger = loggerFactory.CreateLogger<TunnelEdge>();
        _events = new EventQueue<Action>(static raise => raise(), _logger, MaxQueuedEvents);
        _run = new EdgeRun(options, dialer, inherited ?? Inheritance.None, new EventRaiser(this), time, loggerFactory);
        _raising = Task.Run(_events.RunAsync);
        if (meters is not null)
            EdgeMetrics.Add(meters, _run.Parts, () => _events.Dropped);
    }

    /// <summary>Raised when a tunnel to the hub was made.</summary>
    public event EventHandler<TunnelConnectedEvent>? TunnelConnected;

    /// <summary>Raised when a tunnel has ended.</summary>
    public event EventHandler<TunnelDisconnectedEvent>? TunnelDisconnected;

    /// <summary>Raised when the tunnel has lost its connection and waits for another one.</summary>
    public event EventHandler<TunnelLostEvent>? TunnelLost;

    /// <summary>Raised when the tunnel, which had lost its connection, goes on over another one.</summary>
    public event EventHandler<TunnelResumedEvent>? TunnelResumed;

    /// <summary>Raised when the first configuration of a tunnel was applied.</summary>
    public event EventHandler<PortsEvent>? PortsAssigned;

    /// <summary>Raised when a later configuration was applied, a failed port could be bound, or a port fails for another reason.</summary>
    public event EventHandler<PortsEvent>? PortsUpdated;

    /// <summary>Raised when this edge's public address was found or has changed.</summary>
    public event EventHandler<PublicIpDiscoveredEvent>? PublicIpDiscovered;

    /// <summary>Raised when a firewall configuration was put in force, or could not be.</summary>
    public event EventHandler<FirewallConfigUpdatedEvent>? FirewallConfigUpdated;

    /// <summary>Raised when somebody else has changed the packet filter that was in force.</summary>
    public event EventHandler<FirewallDriftedEvent>? FirewallDrifted;

    /// <summary>Raised when the last run of this edge was cut off, and what it left behind is cleaned up.</summary>
    public event EventHandler<CrashRecoveredEvent>? CrashRecovered;

    /// <summary>Raised when the last run of this edge was cut off, and something that it left behind can't be cleaned up.</summary>
    public event EventHandler<CrashRecoveryFailedEvent>? CrashRecoveryFailed;

    /// <summary>Raised when a client got a stream.</summary>
    public event EventHandler<StreamOpenedEvent>? StreamOpened;

    /// <summary>Raised when a client's stream has ended.</summary>
    public event EventHandler<StreamClosedEvent>? StreamClosed;

    private enum State
    {
        New,
        Running,
        Stopped,
    }

    /// <summary>Starts to connect, and returns without waiting for the hub.</summary>
    /// <exception cref="InvalidOperationException">The edge was started before.</exception>
    public Task StartAsync(CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (_state != State.New)
            throw new InvalidOperationException("An edge can be started once.");
        _state = State.Running;
        if (DescriptorLimit.Read() is var limit && limit.Soft < limit.Hard)
            EdgeLog.DescriptorLimitLow(_logger, limit.Soft, limit.Hard);
        EdgeLog.EdgeStarted(
            _logger, _options.EdgeId,
            string.Join(", ", _options.ForEachHub().Select(static hub => $"{hub.HubHost}:{hub.HubPort}")));
        _run.Start();
        return Task.CompletedTask;
    }

    /// <summary>
    /// Stops the edge: it takes no new clients and tells the hub; open streams may go on for <paramref name="drainTimeout"/> and are then
    /// reset. Returns when everything is closed. Does nothing when the edge is not running.
    /// </summary>
    public async Task StopAsync(TimeSpan drainTimeout)
    {
        if (_state != State.Running)
            return;
        _state = State.Stopped;
        EdgeLog.EdgeStopping(_logger, _options.EdgeId, _run.ActiveStreams, drainTimeout.TotalSeconds);
        await _run.StopAsync(drainTimeout);
    }

    /// <summary>
    /// Lets the process that replaces this one be the edge: takes no new clients, leaves ports, firewall and state as they are, and lets
    /// open streams go on for <paramref name="drainTimeout"/>. Does nothing when the edge is not running.
    /// </summary>
    internal async Task LeaveAsync(TimeSpan drainTimeout)
    {
        if (_state != State.Running)
            return;
        _state = State.Stopped;
        EdgeLog.EdgeReplaced(_logger, _options.EdgeId, _run.ActiveStreams);
        await _run.LeaveAsync(drainTimeout);
    }

    /// <summary>Completes when the hub's first configuration was applied.</summary>
    internal Task Configured => _run.Configured;

    string IReplaceable.Name => _run.Instance;

    bool IReplaceable.IsStopping => _state == State.Stopped;

    SafeHandle? IReplaceable.StateLock => _run.StateLock;

    Task IReplaceable.OnReplacingAsync() => _run.OnReplacingAsync();

    void IReplaceable.OnReplacingFailed() => _run.OnReplacingFailed();

    /// <summary>
    /// Applies those of <paramref name="options"/> that can change while the edge runs: <see cref="TunnelEdgeOptions.AllowPorts"/> and
    /// <see cref="TunnelEdgeOptions.ProtectedPorts"/>. Ports are closed and bound at once, and the hub is told. Everything else stays as it
    /// is.
    /// </summary>
    public void ChangeOptions(TunnelEdgeOptions options) => _run.Change(options);

    /// <summary>Returns the present status of the edge.</summary>
    public EdgeStatus GetStatus() => _run.Describe(running: _state == State.Running);

    /// <summary>Stops the edge without a drain, if it runs, and releases everything.</summary>
    public async ValueTask DisposeAsync()
    {
        await StopAsync(TimeSpan.Zero);
        await _run.DisposeAsync();
        _events.Complete();
        await _raising;
    }

    /// <summary>The status without what happened at each port. It is asked for every few seconds, and there may be thousands.</summary>
    internal EdgeStatus GetShortStatus() => _run.Describe(running: _state == State.Running, withPorts: false);

    /// <summary>Decides what the remaining file descriptors are used for.</summary>
    internal DescriptorGuard Descriptors => _run.Descriptors;

    /// <summary>
    /// Returns, for a watchdog, what in the edge has stopped working, in words for the log; null when all is well or the edge is stopping,
    /// since a drain is no fault.
    /// </summary>
    internal async Task<string?> FindFaultAsync() => _state switch
    {
        State.New => "the edge is not running",
        State.Stopped => null,
        _ => await _run.FindFaultAsync(),
    };

    /// <summary>Returns why the edge takes no clients, in words; null when it does, whether or not the hub can be reached.</summary>
    internal async Task<string?> FindUnreadinessAsync() => _state == State.Stopped ? "the edge is stopping" : await FindFaultAsync();

    /// <summary>Gives up memory that is kept for the next use, when the process is calm.</summary>
    internal void ReleaseMemory() => _run.ReleaseMemory();

    // Each handler is posted on its own, so that one that throws does not take the event from the others.
    private void Raise<TEvent>(EventHandler<TEvent>? handlers, TEvent raised)
    {
        foreach (var handler in Delegate.EnumerateInvocationList(handlers))
            _events.Post(() => handler(this, raised));
    }

    /// <summary>Turns what the run reports into events.</summary>
    private sealed class EventRaiser(TunnelEdge edge) : IEdgeObserver
    {
        public void OnConnected(IPEndPoint address, TransportKind transport, TransportChoice choice) =>
            edge.Raise(edge.TunnelConnected, new TunnelConnectedEvent(address, transport.Word(), choice.Word));

        public void OnDisconnected(IPEndPoint address, TunnelEnd end) =>
            edge.Raise(edge.TunnelDisconnected, new TunnelDisconnectedEvent(address, $"{end.Kind}: {end.Detail}"));

        public void OnLost(IPEndPoint address, TunnelEnd cause, int streams) =>
            edge.Raise(edge.TunnelLost, new TunnelLostEvent(address, $"{cause.Kind}: {cause.Detail}", streams));

        public void OnResumed(IPEndPoint address, in TunnelResumed resumed) =>
            edge.Raise(
                edge.TunnelResumed, new TunnelResumedEvent(address, resumed.Streams, resumed.BytesAgain, resumed.LostFor));

        public void OnPortsApplied(long revision, PortState ports, bool initial) =>
            edge.Raise(
                initial ? edge.PortsAssigned : edge.PortsUpdated,
                new PortsEvent(revision, ports.NumbersOf(PortProtocol.Tcp), ports.NumbersOf(PortProtocol.Udp), ports.ToFailures()));

        public void OnFirewallChanged(long revision, FirewallStatus status) =>
            edge.Raise(edge.FirewallConfigUpdated, new FirewallConfigUpdatedEvent(revision, status.Error is null, status.Error));

        public void OnFirewallDrifted(FirewallDrift drift) =>
            edge.Raise(edge.FirewallDrifted, new FirewallDriftedEvent(drift.What, drift.Mended));

        public void OnPublicAddress(PublicAddresses addresses) =>
            edge.Raise(edge.PublicIpDiscovered, new PublicIpDiscoveredEvent(addresses.Primary!, addresses.IPv6));

        public void OnCrashRecovered(CrashRecoveredEvent recovered) => edge.Raise(edge.CrashRecovered, recovered);

        public void OnCrashRecoveryFailed(CrashRecoveryFailedEvent failed) => edge.Raise(edge.CrashRecoveryFailed, failed);

        public void OnClientConnected(PortKey port, IPEndPoint? client)
        {
            // There are thousands of clients a second, so nothing is allocated when nobody subscribes.
            if (edge.StreamOpened is { } handler)
                edge.Raise(handler, new StreamOpenedEvent(port.Number, client));
        }

        public void OnClientClosed(PortKey port, IPEndPoint? client, ITunnelStream stream, in StreamEnd end)
        {
            if (edge.StreamClosed is { } handler)
            {
                var reason = end.Completed ? "completed" : $"{end.Side}: {end.Reason}";
                edge.Raise(handler,
                    new StreamClosedEvent(port.Number, client, stream.BytesSent, stream.BytesReceived, end.Completed, reason));
            }
        }
    }
}
