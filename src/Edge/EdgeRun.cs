using System.Collections.Immutable;
using System.Net;
using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging;
using Tunnel.Edge.Admission;
using Tunnel.Edge.Configuration;
using Tunnel.Edge.Configuring;
using Tunnel.Edge.Connecting;
using Tunnel.Edge.Connecting.Awaiting;
using Tunnel.Edge.Firewall;
using Tunnel.Edge.Observability;
using Tunnel.Edge.Ports;
using Tunnel.Edge.PublicAddress;
using Tunnel.Edge.Refusing;
using Tunnel.Edge.Status;
using Tunnel.Edge.Tcp;
using Tunnel.Edge.Udp;
using Tunnel.Shared.Guarding;
using Tunnel.Shared.Hosting;
using Tunnel.Shared.Hosting.Replacing;
using Tunnel.Shared.Sockets;
using Tunnel.Shared.Transport;
using Tunnel.Shared.Transport.KernelMemory;
using TransportContext = Tunnel.Shared.Transport.TransportContext;

namespace Tunnel.Edge;

// Over 300 lines: the parts of a run are made, joined, started and stopped here, each in its order; each line names another part.
/// <summary>One run of the edge, from start to stop: creates the parts and runs their loops.</summary>
internal sealed class EdgeRun : IAsyncDisposable
{
    private static readonly TimeSpan ControlLimit = TimeSpan.FromSeconds(2);

    private readonly TunnelEdgeOptions _options;
    private readonly Inheritance _inherited;
    private readonly IEdgeObserver _observer;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly TransportContext _transport;
    private readonly StateDirectory? _state;
    private readonly CrashRecovery _crash;
    private readonly HubAwaiter? _awaiter;
    private readonly HubConnections _hubs;
    private readonly PublicAddressMonitor _publicAddress;
    private readonly RefusalCounters _refusals = new();
    private readonly BlockedClients _blocked;
    private readonly UdpSessions _sessions;
    private readonly PortRules _rules;
    private readonly ClientHandover _clients;
    private readonly PortListeners _ports;
    private readonly FirewallController _firewall;
    private readonly ConfigApplier _configs;
    private readonly CancellationTokenSource _stopping = new();
    private readonly IDisposable _defects;
    private AddressWatch? _addresses;
    private ImmutableArray<Task> _connecting = [];
    private Task _applying = Task.CompletedTask;
    private Task _watching = Task.CompletedTask;

    /// <summary>Joins the parts. Nothing is connected or bound before <see cref="Start"/>.</summary>
    /// <exception cref="OperatorException">
    /// The transport is QUIC only and this machine has no libmsquic; or another process holds the state directory; or somebody else may
    /// write to it.
    /// </exception>
    public EdgeRun(
        TunnelEdgeOptions options, ITunnelDialer? dialer, Inheritance inherited, IEdgeObserver observer, TimeProvider time,
        ILoggerFactory loggerFactory)
    {
        // The port at which the hub is awaited is the edge's own, as SSH's is the machine's.
        options = WithDialPort(options);
        (_options, _inherited, _observer, _time) = (options, inherited, observer, time);
        _logger = loggerFactory.CreateLogger<TunnelEdge>();
        _defects = Defects.LogTo(_logger);
        _crash = new CrashRecovery(options, observer, time, _logger);

        // These parts make the tunnel.
        var connecting = loggerFactory.CreateLogger("Tunnel.Edge.Connecting");
        var transport = _transport = new TransportContext(options.FlowControl, time, loggerFactory, options.CongestionControl)
        {
            Lanes = new LaneOptions { Max = options.Lanes },
            ResumeGrace = options.ResumeGrace,
        };
        Descriptors = DescriptorGuard.ForProcess(time);
        if (options.HubDials)
        {
            _awaiter = new HubAwaiter(
                BindAddress.Effective(options.BindAddress, BindAddress.ProbeIpv6(), connecting), options.HubPort,
                options.DialAllowCidrs, inherited.Sockets, transport, Descriptors, connecting);
        }

        // What can't be begun takes no state directory from anybody.
        ImmutableArray<TransportSelector> transports =
        [
            .. options.ForEachHub().Select(own => _awaiter is not null
                ? TransportSetup.Create(_awaiter, own, transport, connecting)
                : dialer is null
                ? TransportSetup.Create(own, transport, connecting)
                : TransportSetup.Create(dialer, transport, connecting)),
        ];
        // Whoever may write to the state directory chooses which hub gets the secret.
        _state = EdgeState.Take(options, inherited.StateLock, time, connecting);
        var hello = ConnectorOptions.HelloOf(options, inherited.Replaces);
        Instance = hello.Instance;
        var inbox = new ConfigInbox(1 + options.Hubs.Length);
        var losses = new TunnelLosses(observer);
        _hubs = new HubConnections(
            HubLinks.Create(options, hello, transports, inbox, losses, time, connecting), options.Prefer, time);
        if (_awaiter is not null)
        {
            _awaiter.Asking += _hubs.Main.Connector.AskForConnections;
            _awaiter.Unexpected += _hubs.Main.Connector.SuspectTunnel;
        }

        _publicAddress = new PublicAddressMonitor(
            options.StunServers, new StunClient(time).AskAsync, Dns.GetHostAddressesAsync, OnPublicAddress, time,
            loggerFactory.CreateLogger("Tunnel.Edge.PublicAddress"));

        // These parts serve the clients and their ports.
        var listening = loggerFactory.CreateLogger("Tunnel.Edge.Listening");
        var sources = new BlockedSources();
        var tunnels = _hubs.Source;
        _blocked = new BlockedClients(tunnels, time);
        _sessions = new UdpSessions(
            tunnels, _refusals, options.MaxUdpSessions, options.MaxUdpSessionsPerAddress, options.UdpIdleTimeout, time,
            loggerFactory.CreateLogger("Tunnel.Edge.Udp"));
        _rules = new PortRules(options.AllowPorts, options.ProtectedPorts, options.HubDials ? options.HubPort : null);
        _clients = new ClientHandover(
            tunnels, transport, new HoldLimits(options.HoldClients, options.HoldTime), Descriptors, _refusals, observer, listening);
        var binder = new PortBinder(
            BindAddress.Effective(options.BindAddress, BindAddress.ProbeIpv6(), listening),
            _rules,
            new PortAdmissions(_refusals, _blocked, sources, time),
            _clients,
            observer, _sessions, inherited.Sockets, time, listening);
        _ports = new PortListeners(binder, new PortLimit(Descriptors), options.DrainTimeout, time, listening);

        // These parts are changed by the hub's configuration.
        _firewall = PacketFilter.Create(
            options, _awaiter, _hubs.Links, hello, transport, new SourceBlocker(sources, _ports), observer,
            loggerFactory.CreateLogger("Tunnel.Edge.Firewall"));
        _configs = new ConfigApplier(
            inbox, _firewall, _ports, _publicAddress, [.. _hubs.Links.Select(static link => link.Record)], observer, time, connecting);
        Parts = new EdgeParts(_hubs, losses, _refusals, _ports, transport, _firewall, _awaiter);
    }

    /// <summary>The parts that metrics are read from.</summary>
    public EdgeParts Parts { get; }

    /// <summary>Decides what the remaining file descriptors are used for.</summary>
    public DescriptorGuard Descriptors { get; }

    /// <summary>The name by which this process introduces itself to the hub.</summary>
    public string Instance { get; }

    /// <summary>The lock of the state directory; null without one.</summary>
    public SafeHandle? StateLock => _state?.Lock;

    /// <summary>Completes when the hub's first configuration was applied.</summary>
    public Task Configured => _configs.First;

    /// <summary>The number of TCP clients that have a stream.</summary>
    public int ActiveStreams => _hubs.Totals.ActiveStreams;

    /// <summary>Starts the loops.</summary>
    public void Start()
    {
        _crash.Begin(_inherited.Replaces is not null);
        Parts.Transport.TcpMemory.Start(TcpMemoryFigures.Read);
        _connecting = _hubs.Run(_stopping.Token);
        _addresses = new AddressWatch(_hubs.OnNetworkChanged, _logger);
        _applying = Task.Run(ApplyConfigsAsync);
        _watching = Task.WhenAll(Task.Run(WatchPublicAddressAsync), Task.Run(WatchFirewallAsync));
    }

    /// <summary>Changes the rules by which ports may be bound; ports that are bound are checked again at once.</summary>
    public void Change(TunnelEdgeOptions options)
    {
        options = WithDialPort(options);
        _rules.Change(options.AllowPorts, options.ProtectedPorts);
        _ports.Recheck(_rules);
        _firewall.ChangeProtectedPortsAsync(options.ProtectedPorts).Guard("changing protected ports");
    }

    /// <inheritdoc cref="EdgeStatuses.Describe"/>
    public EdgeStatus Describe(bool running, bool withPorts = true) =>
        EdgeStatuses.Describe(Parts, _options, _publicAddress, _crash, Descriptors, running, withPorts);

    /// <summary>Gives up memory that is kept for the next use.</summary>
    public void ReleaseMemory() => _transport.Flow.ReleaseKept();

    /// <summary>
    /// Returns what has stopped working, in words for the log; null when all is well or the edge is stopping: a drain is no fault.
    /// </summary>
    public async Task<string?> FindFaultAsync()
    {
        if (_stopping.IsCancellationRequested)
            return null;
        if (_connecting.Any(static loop => loop.IsCompleted))
            return "the loop that keeps the tunnel has ended";
        if (_applying.IsCompleted)
            return "the loop that applies configurations has ended";
        // The status takes the locks and a thread of the pool, so once it is there, none of them hangs. A port's own lock is left out:
        // where that hangs, the port takes no clients, which is found for each.
        var ports = Task.Run(() => { _ = Describe(running: true, withPorts: false); return _ports.FindFault(); });
        if (_awaiter is { IsAccepting: false })
            return $"connections wait where the hub is awaited and none was accepted for {AcceptWatch.Limit.TotalSeconds:0} s";
        return await Task.WhenAny(ports, Task.Delay(ControlLimit, _time)) != ports
            ? $"the edge's state could not be read for {ControlLimit.TotalSeconds:0} s"
            : await ports ?? await EventLoops.FindStuckAsync(_time);
    }

    /// <summary>Ends the loops, closes the ports, lets open streams go on for a while, then ends the tunnels.</summary>
    public async Task StopAsync(TimeSpan drain)
    {
        await EndLoopsAsync();
        // The streams of the clients end with their tunnels, which report how many were cut.
        if (_inherited.Sockets.IsKept)
        {
            await LeavePortsAsync();
        }
        else
        {
            _awaiter?.Close();
            _ports.CloseAll(Timeout.InfiniteTimeSpan);
        }

        _clients.Stop();
        // Nobody is let in any more, and open connections pass, so there is nothing left to filter.
        await Defects.TryAsync("removing the firewall", _firewall.RemoveAsync, CancellationToken.None);
        await _hubs.CloseAsync(drain);
        _crash.End();
    }

    /// <summary>
    /// Notes that another process begins to replace this one. New clients wait from now on, since the hub will send this one away as soon
    /// as the other one has connected.
    /// </summary>
    public async Task OnReplacingAsync()
    {
        foreach (var link in _hubs.Links)
            link.Connector.OnReplacing();
        await _ports.PauseAsync();
        if (_awaiter is not null)
            await _awaiter.PauseAsync();
    }

    /// <summary>Notes that the other process did not get ready: clients are this one's again.</summary>
    public void OnReplacingFailed()
    {
        foreach (var link in _hubs.Links)
            link.Connector.OnReplacingFailed();
        _awaiter?.Resume();
        _ports.Resume();
    }

    /// <summary>
    /// Ends the loops, leaves ports, firewall and state to the process that replaces this one, and lets open streams go on for a while.
    /// </summary>
    public async Task LeaveAsync(TimeSpan drain)
    {
        await EndLoopsAsync();
        await LeavePortsAsync();
        _clients.Stop();
        await _hubs.CloseAsync(drain);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _addresses?.Dispose();
        // A stop that its caller gave up may still be draining.
        await _hubs.CloseAsync(TimeSpan.Zero);
        _hubs.Dispose();
        _awaiter?.Dispose();
        _ports.Dispose();
        _sessions.Dispose();
        _blocked.Dispose();
        Descriptors.Dispose();
        Parts.Transport.TcpMemory.Dispose();
        _firewall.Dispose();
        _stopping.Dispose();
        _defects.Dispose();
        _state?.Dispose();
    }

    private static TunnelEdgeOptions WithDialPort(TunnelEdgeOptions options) =>
        options.HubDials ? options with { ProtectedPorts = options.ProtectedPorts.Add(options.HubPort) } : options;

    private async Task EndLoopsAsync()
    {
        await _stopping.CancelAsync();
        // A loop that has failed was noticed by the watchdog; here it must not keep the rest from being stopped in order.
        await Task.WhenAll([.. _connecting, _applying, _watching]).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task LeavePortsAsync()
    {
        if (_awaiter is not null)
            await _awaiter.LeaveAsync();
        await _ports.LeaveAllAsync();
    }

    private async Task ApplyConfigsAsync()
    {
        try
        {
            // What the process that is replaced has put in force stays until the hub says otherwise.
            if (_inherited.Replaces is null)
                _crash.Note(await _firewall.RemoveLeftoverAsync(_stopping.Token));
            await _configs.RunAsync(_stopping.Token);
        }
        catch (OperationCanceledException)
        {
        }
    }

    // This is not one of the loops that the watchdog checks, because the edge does its work without it.
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
            PublicAddressLog.PublicAddressFaulted(_logger, e);
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
        _hubs.PublicAddress = addresses;
        _observer.OnPublicAddress(addresses);
    }
}
