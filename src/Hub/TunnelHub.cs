using System.Collections.Immutable;
using System.Diagnostics.Metrics;
using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging;
using Tunnel.Hub.Accepting;
using Tunnel.Hub.Backups;
using Tunnel.Hub.Blocks;
using Tunnel.Hub.Certificates;
using Tunnel.Hub.Configuration;
using Tunnel.Hub.Edges.Definitions;
using Tunnel.Hub.Edges.State;
using Tunnel.Hub.Events;
using Tunnel.Hub.Forwarding.Entering;
using Tunnel.Hub.Hooks;
using Tunnel.Hub.Observability;
using Tunnel.Hub.Status;
using Tunnel.Shared.Files;
using Tunnel.Shared.Guarding;
using Tunnel.Shared.Hosting;
using Tunnel.Shared.Hosting.Logging;
using Tunnel.Shared.Hosting.Replacing;
using Tunnel.Shared.Protocol.Tokens;
using Tunnel.Shared.Sockets;
using Tunnel.Shared.Transport;

namespace Tunnel.Hub;

// Over 300 lines: the documented public interface of a hub, and how a run is opened, replaced and closed: each step of it sets what that
// interface reads, so it would not be a class of its own. The events are in TunnelHub.Events.cs.
/// <summary>
/// The hub as a library: lets edges in, tells them what to listen on, and forwards what their clients send to the upstreams. Its events
/// are raised in order, one at a time, on a pool thread; a slow or throwing subscriber does not hold up traffic. All members may be
/// called from any thread.
/// </summary>
public sealed partial class TunnelHub : IReplaceable, IAsyncDisposable
{
    // How long a stop waits for subscribers to handle the last events.
    private static readonly TimeSpan LastEventsLimit = TimeSpan.FromSeconds(2);

    private static readonly TimeSpan ControlLimit = TimeSpan.FromSeconds(2);

    private readonly SemaphoreSlim _lifetime = new(1, 1);
    private volatile TunnelHubOptions _options;
    private readonly ILoggerFactory _loggerFactory;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly RunMarker _marker;
    private readonly HookRunner _hooks;
    private readonly Entrance _entrance;
    private StateDirectory? _state;
    private readonly HubMetrics? _metrics;
    private volatile HubRun? _run;
    private HubEventFeed? _events;
    private Task _delivering = Task.CompletedTask;

    /// <summary>Creates a hub that is not started.</summary>
    /// <param name="options">The settings, which <see cref="TunnelHubOptionsValidator"/> has found valid.</param>
    /// <param name="loggerFactory">Makes the hub's logs.</param>
    /// <param name="time">The hub's clock; null: the system's clock.</param>
    /// <param name="meters">Makes the hub's meter, <c>Tunnel.Hub</c>; null: there are no metrics.</param>
    public TunnelHub(TunnelHubOptions options, ILoggerFactory loggerFactory, TimeProvider? time = null, IMeterFactory? meters = null)
    {
        _options = options;
        _time = time ?? TimeProvider.System;
        _loggerFactory = loggerFactory = BoundedLoggerFactory.Bound(loggerFactory, _time);
        _logger = loggerFactory.CreateLogger<TunnelHub>();
        _marker = new RunMarker(options.StateDir);
        _hooks = new HookRunner(_time, loggerFactory.CreateLogger<HookRunner>());
        _entrance = new Entrance(_hooks, new PortAcceptors(), _time, loggerFactory.CreateLogger<Entrance>());
        Descriptors = DescriptorGuard.ForProcess(_time);
        _metrics = meters is null ? null : new HubMetrics(meters, () => _run?.Parts, () => _events?.Dropped ?? 0, _time);
    }

    /// <summary>The allowed edges; null when the hub is not running.</summary>
    public EdgeStore? Edges => _run?.Edges;

    /// <summary>The programs that accept streams in this process. They stay when the hub is stopped and started.</summary>
    internal PortAcceptors Acceptors => _entrance.Acceptors;

    /// <summary>Takes over connections to the tunnel port that choose HTTP; null: none may. Set it before the start.</summary>
    internal IHttpConnections? HttpConnections { get; init; }

    /// <summary>The sockets and state that this process has of the one before. Set it before the start.</summary>
    internal Inheritance Inherited { get; init; } = Inheritance.None;

    /// <summary>
    /// Called when the state is read and before the tunnel port is open, so that whoever sees the port open can administer the hub; null:
    /// nothing is called. Set it before the start, which fails if the call fails.
    /// </summary>
    internal Func<CancellationToken, Task>? BeforeOpening { get; set; }

    /// <summary>
    /// Called when all is ready that may fail, and before anybody is served; null: nothing is called. Set it before the start, which fails
    /// if the call fails.
    /// </summary>
    internal Func<CancellationToken, Task>? BeforeServing { get; set; }

    /// <summary>
    /// Called at a stop when nothing is open any more and before the hub's parts are closed: the hub can be asked how it is until then;
    /// null: nothing is called. Set it before the stop.
    /// </summary>
    internal Func<Task>? BeforeClosing { get; set; }

    /// <summary>The hub's certificate, for another listener; null when the hub is not running.</summary>
    internal HubCertificate? Certificate => _run?.Certificates.Present;

    /// <summary>The feed of the hub's events, for readers; null before the first start.</summary>
    internal HubEventFeed? Events => _events;

    /// <summary>Decides whether there are enough descriptors for a socket.</summary>
    internal DescriptorGuard Descriptors { get; }

    /// <summary>The hub's clock.</summary>
    internal TimeProvider Time => _time;

    /// <summary>The sources that are blocked for a limited time; null when the hub is not running.</summary>
    public BlockList? Blocks => _run?.Blocks;

    /// <summary>The addresses that no block may touch.</summary>
    internal NeverBlocked NeverBlocked => new(_options.NeverBlock, _options.AdminAllowCidrs, NeverBlocked.OfMachine);

    /// <summary>The pin of the hub's certificate, for connection tokens; null when the hub is not running.</summary>
    public string? CertificatePin => _run?.Certificates.Present.Pin;

    /// <summary>Returns the hub's certificate, the next one, and the edges that don't know the next one yet.</summary>
    /// <exception cref="InvalidOperationException">The hub is not running.</exception>
    public CertificateStatus GetCertificate() => Run.Keys.Describe();

    /// <summary>Makes the next key and certificate, unless they exist, and tells the pin to all edges, including later ones.</summary>
    /// <exception cref="InvalidOperationException">The hub is not running.</exception>
    /// <exception cref="OperatorException">The certificate is configured, or the state can't be written.</exception>
    public CertificateStatus MakeNextCertificate() => Run.Keys.MakeNext();

    /// <summary>
    /// Takes a certificate of your own as the next one, in place of one that was made or taken before, and tells its pin to all edges.
    /// </summary>
    /// <param name="certificate">The certificate with its chain: PEM text, or the path of a file.</param>
    /// <param name="key">Its private key; the same source when that has both.</param>
    /// <exception cref="InvalidOperationException">The hub is not running.</exception>
    /// <exception cref="OperatorException">It can't be used, the certificate is configured, or the state can't be written.</exception>
    public CertificateStatus TakeNextCertificate(PemSource certificate, PemSource key) => Run.Keys.TakeNext(certificate, key);

    /// <summary>Makes the next certificate the present one for connections from now on; open tunnels stay.</summary>
    /// <exception cref="InvalidOperationException">The hub is not running.</exception>
    /// <exception cref="OperatorException">There is no next certificate, or the state can't be written.</exception>
    public CertificateStatus SwitchCertificate() => Run.Keys.Switch();

    /// <summary>Returns the hub's announced address and the enabled edges that have not confirmed that they have kept it.</summary>
    /// <exception cref="InvalidOperationException">The hub is not running.</exception>
    public HubAddressStatus GetHubAddress() => Run.Address.Describe();

    /// <summary>Tells all edges, including those that connect later, the hub's future address.</summary>
    /// <param name="address"><c>HOST:PORT</c>; null: nothing is announced any more, and edges that were told keep the address.</param>
    /// <exception cref="InvalidOperationException">The hub is not running.</exception>
    /// <exception cref="OperatorException">The state can't be written.</exception>
    public HubAddressStatus AnnounceHubAddress(string? address) => Run.Address.Announce(address);

    /// <summary>
    /// Lets code decide about the TCP clients that come from now on. Hooks are asked in the order in which they were added; they stay when
    /// the hub is stopped and started.
    /// </summary>
    /// <param name="hook">The code.</param>
    /// <returns>Dispose of it to take the hook out.</returns>
    public IDisposable AddHook(IConnectionHook hook) => _hooks.Add(hook);

    /// <summary>The parts of the hub while it runs.</summary>
    /// <exception cref="InvalidOperationException">The hub is not running.</exception>
    internal HubRun Run => _run ?? throw new InvalidOperationException("The hub is not running.");

    /// <summary>Reads the state and opens the tunnel port. Does nothing when the hub is running.</summary>
    /// <exception cref="OperatorException">The port, the certificate or the state can't be used; the message tells the operator what to
    /// do.</exception>
    public async Task StartAsync(CancellationToken cancellationToken = default)
    {
        await _lifetime.WaitAsync(cancellationToken);
        try
        {
            if (_run is null)
                await OpenAsync(cancellationToken);
        }
        finally
        {
            _lifetime.Release();
        }
    }

    /// <summary>
    /// Stops the hub: closes the port, tells the edges, lets open streams continue for up to <paramref name="drainTimeout"/> (null:
    /// <see cref="TunnelHubOptions.DrainTimeout"/>), then resets the remaining ones. Does nothing when the hub is not running.
    /// </summary>
    public async Task StopAsync(TimeSpan? drainTimeout = null)
    {
        await _lifetime.WaitAsync();
        try
        {
            if (_run is { } run)
            {
                var drain = drainTimeout ?? _options.DrainTimeout;
                HubLog.Stopping(_logger, run.Live.Tunnels.Length, drain.TotalSeconds);
                await run.StopAsync(drain);
                if (BeforeClosing is { } last)
                    await last();
                await CloseAsync(run);
            }
        }
        finally
        {
            _lifetime.Release();
        }
    }

    /// <summary>
    /// Lets the process that replaces this one be the hub: sends the edges there, leaves ports and state as they are, and lets open streams
    /// go on for <paramref name="limit"/>. Does nothing when the hub is not running.
    /// </summary>
    internal async Task LeaveAsync(TimeSpan limit)
    {
        await _lifetime.WaitAsync();
        try
        {
            if (_run is { } run)
            {
                HubLog.Replaced(_logger, run.Live.Tunnels.Length);
                // The other process holds the directory by the same lock, and a third one may follow it while this one drains.
                _state?.Dispose();
                await run.LeaveAsync(limit);
                await CloseAsync(run);
            }
        }
        finally
        {
            _lifetime.Release();
        }
    }

    string IReplaceable.Name => "tunnel-hub";

    bool IReplaceable.IsStopping => _run is { IsStopping: true };

    SafeHandle? IReplaceable.StateLock => _state?.Lock;

    Task IReplaceable.OnReplacingAsync() => _run?.SaveAsync() ?? Task.CompletedTask;

    // Everything has gone on meanwhile, so there is nothing to begin again.
    void IReplaceable.OnReplacingFailed()
    {
    }

    /// <summary>
    /// Replaces the whole set of allowed edges: it is validated as a whole, persisted, and then pushed to the connected edges within 100
    /// ms.
    /// </summary>
    /// <param name="edges">The new set; an edge without a secret keeps its present one.</param>
    /// <param name="cancellationToken">Cancels the change before anything is written.</param>
    /// <returns>What changed; or every fault, in which case nothing changed.</returns>
    /// <exception cref="InvalidOperationException">The hub is not running.</exception>
    /// <exception cref="OperatorException">The state could not be written; the old set stays.</exception>
    public Task<EdgeUpdateResult> UpdateAllowedEdgesAsync(
        IReadOnlyList<EdgeDefinition> edges, CancellationToken cancellationToken = default) =>
        (Edges ?? throw new InvalidOperationException("The hub is not running.")).ReplaceAllAsync(edges, dryRun: false, cancellationToken);

    /// <summary>
    /// Applies those of <paramref name="options"/> that can change while the hub runs, for new streams:
    /// <see cref="TunnelHubOptions.TargetHost"/>, <see cref="TunnelHubOptions.TargetAllowCidrs"/>,
    /// <see cref="TunnelHubOptions.DefaultProxyProtocol"/> and <see cref="HubLimits.StreamsPerEdge"/>. Everything else stays as it is.
    /// </summary>
    public void ChangeOptions(TunnelHubOptions options)
    {
        _options = _options with
        {
            TargetHost = options.TargetHost,
            TargetAllowCidrs = options.TargetAllowCidrs,
            DefaultProxyProtocol = options.DefaultProxyProtocol,
            Limits = _options.Limits with { StreamsPerEdge = options.Limits.StreamsPerEdge },
        };
        _run?.Change(_options);
    }

    /// <summary>Ends the tunnels of an edge, which may connect again at once. Does nothing when the edge is not connected.</summary>
    public Task DisconnectAsync(string edgeId) =>
        _run?.Live.DisconnectAsync(edgeId, new TunnelEnd(TunnelEndKind.Closed, "disconnected by the operator")) ?? Task.CompletedTask;

    /// <summary>The other hubs of this hub's edges, which tokens name.</summary>
    internal ImmutableArray<HubAddress> FurtherHubs => _options.Hubs;

    /// <summary>Returns the present state of the hub.</summary>
    public HubStatus GetStatus() => _run?.Describe() ?? new HubStatus { Running = false, TunnelPort = 0, Version = ProductVersion.Number };

    /// <summary>
    /// Returns which part of the hub stands still, in words for the log; null when the event loops, accepting and the registry of edges
    /// all work. For a watchdog.
    /// </summary>
    internal async Task<string?> FindFaultAsync()
    {
        if (_run is not { } run)
            return "the hub is not running";
        // The status takes the registry's locks and a thread of the pool, so getting it proves that none of them hangs.
        var status = Task.Run(run.Describe);
        if (await Task.WhenAny(status, Task.Delay(ControlLimit, _time)) != status)
            return $"the registry of edges has not answered for {ControlLimit.TotalSeconds:0} s";
        await status;
        return await run.FindFaultAsync();
    }

    /// <summary>
    /// Returns why edges should go to another hub: one that stops is well, and serves what it has, but is not ready.
    /// </summary>
    internal async Task<string?> FindUnreadinessAsync() => _run is { IsStopping: true } ? "it is stopping" : await FindFaultAsync();

    /// <summary>Gives up memory that is kept for the next use, when the process is calm.</summary>
    internal void ReleaseMemory() => _run?.Context.Flow.ReleaseKept();

    /// <summary>Stops the hub without draining.</summary>
    public async ValueTask DisposeAsync()
    {
        await StopAsync(TimeSpan.Zero);
        Descriptors.Dispose();
    }

    private async Task OpenAsync(CancellationToken cancellationToken)
    {
        var state = TakeState();
        try
        {
            await OpenAsync(state, cancellationToken);
        }
        catch
        {
            state.Dispose();
            throw;
        }
    }

    private StateDirectory TakeState()
    {
        try
        {
            return StateDirectory.Take(_options.StateDir, HubStateFiles.All, _time.GetUtcNow(), _logger, Inherited.StateLock);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            var fault = FileFault.Of(e, _options.StateDir);
            throw new OperatorException($"stateDir '{_options.StateDir}': {fault}. Valid: a directory that the hub can write.", e);
        }
    }

    private async Task OpenAsync(StateDirectory state, CancellationToken cancellationToken)
    {
        // A restore that was cut off is finished before anything is read.
        if (Restore.Finish(_options.StateDir, new StateFiles()))
            HubLog.RestoreFinished(_logger, _options.StateDir);

        // The marker comes first, because it also shows that the state directory can be written.
        var wasCutOff = _marker.Set(_time.GetUtcNow(), out var previousStart) && Inherited.Replaces is null;
        _events = new HubEventFeed(Raise, _time, _logger) { StreamsRaised = StreamsRaised };
        _delivering = Task.Run(_events.RunAsync, CancellationToken.None);
        HubState? kept = null;
        HubCertificates? certificates = null;
        HubRun? run = null;
        try
        {
            kept = await HubState.OpenAsync(_options, _time, _loggerFactory, cancellationToken);
            certificates = HubCertificates.Load(_options.Tls, _options.StateDir, _time, _loggerFactory.CreateLogger<HubCertificate>());
            run = new HubRun(
                _options, kept, certificates, _events, HttpConnections, _entrance, Descriptors, Inherited, _time, _loggerFactory);
            _run = run;
            if (BeforeOpening is { } before)
                await before(cancellationToken);
            run.Bind();
            if (BeforeServing is { } last)
                await last(cancellationToken);
            run.Open();
            _metrics?.Watch(run.Parts);
        }
        catch (Exception e)
        {
            _run = null;
            run?.Dispose();
            certificates?.Dispose();
            if (kept is not null)
                await kept.DisposeAsync();
            if (wasCutOff)
                _events.Post(new CrashRecoveryFailedEvent(e.Message, previousStart) { Time = _time.GetUtcNow() });
            else if (Inherited.Replaces is null)
                _marker.Clear();
            await FinishEventsAsync();
            throw;
        }

        _state = state;
        if (wasCutOff)
            NoteRecovery(kept.Edges.Current.Count, previousStart);
        HubLog.Started(_logger, run.EndPoint!, _options.TargetHost, kept.Edges.Current.Count);
        AcceptingLog.Listening(_logger, run.EndPoint!, certificates.Present.Pin);
        // The hub is ready before the TLS settings are there, and the first edge hardly waits for them.
        certificates.Present.Tls.Guard("preparing TLS");
    }

    private async Task CloseAsync(HubRun run)
    {
        run.Dispose();
        _run = null;
        await run.State.DisposeAsync();
        await FinishEventsAsync();
        _marker.Clear();
        _state?.Dispose();
        HubLog.Stopped(_logger);
    }

    private async Task FinishEventsAsync()
    {
        _events!.Complete();
        try
        {
            await _delivering.WaitAsync(LastEventsLimit, _time);
        }
        catch (TimeoutException)
        {
            // A subscriber hangs, or waits for this very stop; it keeps its queue.
        }
    }

    private void NoteRecovery(int edges, DateTimeOffset? previousStart)
    {
        HubLog.CrashRecovered(_logger, edges);
        _events!.Post(new CrashRecoveredEvent(edges, previousStart) { Time = _time.GetUtcNow() });
    }
}
