using System.Net;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;
using Tunnel.Edge.PublicAddress;
using Tunnel.Shared.Guarding;
using Tunnel.Shared.Protocol;
using Tunnel.Shared.Protocol.Messages;
using Tunnel.Shared.Transport;

namespace Tunnel.Edge.Connecting;

// Over 300 lines: one loop and the state that it uses; dialling, succession and rescue are in other files.
/// <summary>
/// Keeps a tunnel to the hub: dials, applies the configuration, and dials again when the tunnel is lost or the hub goes away. New streams
/// go to the newest tunnel; an older one drains.
/// </summary>
internal sealed class TunnelConnector : IEdgeTunnelHandler, ITunnelSource
{
    /// <summary>
    /// How long to wait for GOAWAY from a hub that does not say whether a tunnel counts. Such a hub sends it within its probe of the other
    /// tunnel.
    /// </summary>
    internal static readonly TimeSpan SilentHub = TimeSpan.FromSeconds(4);

    private readonly ConnectorOptions _options;
    private readonly HubRenewals _renewals;
    private readonly TransportSelector _transports;
    private readonly RedialPause _pause;
    private readonly PinStore _pins;
    private readonly ConfigInbox _configs;
    private readonly ITunnelObserver _observer;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly RetiringTunnels _retiring;
    private readonly LostTunnels _lost;
    private readonly PathLimit _path;
    private readonly Successors _successors;
    private readonly ConnectionState _state;
    private readonly ConditionalWeakTable<ITunnel, HubTunnel> _known = [];
    private volatile HubTunnel? _live;
    private volatile TaskCompletionSource? _replacing;
    private volatile bool _isStopping;
    private bool _inConflict;
    private bool _hasHeldTheId;
    private PublicAddresses _publicAddress = PublicAddresses.Unknown;

    // Over 8 collaborators: three of them are the clock, the log and the random numbers, which tests replace.
    public TunnelConnector(
        ConnectorOptions options, HubRenewals renewals, TransportSelector transports, PinStore pins, ConfigInbox configs,
        ITunnelObserver observer, Func<double> random, TimeProvider time, ILogger logger)
    {
        _renewals = renewals;
        (_options, _transports, _pins, _configs, _observer) = (options, transports, pins, configs, observer);
        (_time, _logger) = (time, logger);
        _pause = new RedialPause(random, time);
        _retiring = new RetiringTunnels(time, logger);
        _lost = new LostTunnels(observer, time, logger);
        _path = new PathLimit(time);
        _state = new ConnectionState(time);
        var resumption = new Resumption(transports, failure => OnHubNotFound(failure, Resumption.LongestPause), time, logger);
        var rescue = new Rescue(transports, _path, time, logger);
        var secret = new SharedSecret(renewals, transports, time, logger);
        _successors = new Successors(transports, rescue, resumption, secret, failure => OnDialFailed(failure), time, logger);
    }

    public ITunnel? Current => _live?.Tunnel;

    public TunnelKey KeyOf(ITunnel tunnel) => _known.TryGetValue(tunnel, out var known) ? known.Key : default;

    public TimeSpan? GoneFor(ITunnel tunnel) =>
        (tunnel.IsLost || tunnel.IsInDoubt) && _known.TryGetValue(tunnel, out var known) ? known.GoneFor(_time) : null;

    public Task Changed => Signal.Next;

    /// <summary>Raised when the newest tunnel is another one or goes on; the connectors of an edge share it.</summary>
    public ChangeSignal Signal { get; init; } = new();

    /// <summary>Whether the newest tunnel takes clients: its hub does not go away, and this process has the edge's id there.</summary>
    public bool TakesClients => _live is { IsHeld: false, GoAway.IsCompleted: false };

    public ConnectionStatus Status => _state.Current;

    /// <summary>The sums of what the tunnels have carried; the connectors of an edge share them.</summary>
    public TunnelTotals Totals { get; init; } = new();

    /// <summary>
    /// Notes that another process on this machine begins to replace this one. The hub then sends this one's tunnel away; what is open there
    /// goes on.
    /// </summary>
    public void OnReplacing() => _replacing = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Notes that the other process did not get ready, so that this one connects again.</summary>
    public void OnReplacingFailed()
    {
        var failed = _replacing;
        _replacing = null;
        failed?.TrySetResult();
    }

    /// <summary>The most bytes that packets to and from the hub may have when the path was found to drop larger ones; else null.</summary>
    public int? MaxPacket => _path.MaxPacket;

    /// <summary>This machine's public address, as the hub is told. Setting it sends it over the current tunnel.</summary>
    public PublicAddresses PublicAddress
    {
        get => Volatile.Read(ref _publicAddress);
        set
        {
            Volatile.Write(ref _publicAddress, value);
            if (_live is { } live)
                SendPublicAddress(live.Tunnel, value);
        }
    }

    /// <summary>Asks a hub that dials this edge to make so many connections now.</summary>
    public void AskForConnections(int count)
    {
        // A hub that has lost the tunnel comes by itself.
        if (_live is { Tunnel: { IsLost: false } tunnel })
            tunnel.SendReport(new Report { Kind = Report.WantLanes, Lanes = count });
    }

    /// <summary>Makes sure of the tunnel, since the hub has made a connection as if there were none.</summary>
    public void SuspectTunnel() => _live?.Tunnel.Suspect();

    /// <summary>
    /// Makes sure of the tunnel, and tries again what did not get through, the hub or QUIC, since this machine's addresses have changed.
    /// </summary>
    public void OnNetworkChanged()
    {
        SuspectTunnel();
        _pause.OnNetworkChanged();
        _transports.OnNetworkChanged();
    }

    /// <summary>Dials and serves until cancelled. The tunnel is then left open for <see cref="CloseAsync"/>.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            while (true)
            {
                var delay = await TryOnceAsync(cancellationToken);
                if (delay <= TimeSpan.Zero)
                    continue;
                var next = _time.GetUtcNow() + delay;
                // The timer starts before the wait is noted, so that whoever sees it in the status can rely on the timer running.
                var wait = _pause.WaitAsync(delay, cancellationToken);
                _state.NoteWait(next);
                await wait;
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
        }
    }

    /// <summary>
    /// Sends GOAWAY, gives the open streams <paramref name="drain"/> to finish, and closes. Call it after <see cref="RunAsync"/> has ended.
    /// </summary>
    public async Task CloseAsync(TimeSpan drain)
    {
        _isStopping = true;
        if (_live is { } live)
            _retiring.Add(live.Tunnel, GoAway.Shutdown, drain);
        await _retiring.WaitAsync(drain);
    }

    void IEdgeTunnelHandler.OnConfig(ITunnel tunnel, TunnelConfig config)
    {
        // What a draining tunnel pushes is out of date.
        if (_live is not { } live || live.Tunnel != tunnel)
            return;
        _pause.Note(config);
        Keep(tunnel, config);
        if (config.Hub?.Contested == true)
            return;
        _configs.PostPushed(tunnel, config, _options.Index);
        live.Settle();
    }

    void ITunnelHandler.OnGoAway(ITunnel tunnel, GoAway goAway)
    {
        if (_live is { } live && live.Tunnel == tunnel)
            live.OnGoAway(goAway);
    }

    void ITunnelHandler.OnDoubt(ITunnel tunnel)
    {
        NoteGone(tunnel);
        if (_live is { } live && live.Tunnel == tunnel)
            live.OnDoubt();
        else if (!_isStopping)
            _lost.Bring(tunnel);
    }

    // Only the tunnel that takes the new streams is brought another connection; one before it goes on within that.
    bool ITunnelHandler.OnLost(ITunnel tunnel, TunnelEnd cause)
    {
        NoteGone(tunnel);
        if (!_isStopping && _lost.Bring(tunnel))
        {
            _observer.OnLost(tunnel.RemoteEndPoint, cause, tunnel.ActiveStreams);
            return true;
        }

        if (_isStopping || _live is not { IsHeld: false, GoAway.IsCompleted: false } live || live.Tunnel != tunnel)
            return false;
        _state.NoteLost($"{cause.Kind}: {cause.Detail}");
        _observer.OnLost(tunnel.RemoteEndPoint, cause, tunnel.ActiveStreams);
        live.OnLost(_pause.AfterLoss(cause));
        return true;
    }

    void ITunnelHandler.OnResumed(ITunnel tunnel, in TunnelResumed resumed)
    {
        if (_known.TryGetValue(tunnel, out var known))
            known.NoteBack();
        if (Current == tunnel)
            _state.NoteResumed(tunnel);
        _observer.OnResumed(tunnel.RemoteEndPoint, resumed);

        // New clients may have been waiting for it.
        Signal.Raise();
    }

    // The tunnel may be an older one, which is no longer kept here but still carries what was opened on it.
    private void NoteGone(ITunnel tunnel)
    {
        if (_known.TryGetValue(tunnel, out var known))
            known.NoteGone(_time.GetTimestamp());
    }

    /// <summary>Handles one tunnel from the dial to its end, or a dial that failed.</summary>
    /// <returns>How long to wait before the next attempt.</returns>
    private async Task<TimeSpan> TryOnceAsync(CancellationToken cancellationToken)
    {
        try
        {
            _state.NoteWait(null);
            var said = PublicAddress;
            var request = CreateRequest(said);
            _pause.OnDial();
            var outcome = await _transports.DialAsync(request.Address.Port, request, cancellationToken);
            if (outcome.Result.Failure is { } failure)
                return OnHubNotFound(failure);

            _renewals.OnConnected();
            return await ServeAsync(outcome, said, cancellationToken);
        }
        catch (Exception e) when (!(e is OperationCanceledException && cancellationToken.IsCancellationRequested))
        {
            // This is a bug in a transport, and the edge must not stop dialling because of it.
            var delay = _pause.AfterDefect();
            ConnectingLog.DialFaulted(_logger, e, delay.TotalSeconds);
            _state.NoteError(e.Message);
            return delay;
        }
    }

    private DialRequest CreateRequest(PublicAddresses addresses)
    {
        var hub = _renewals.Current;
        if (_options.InsecureSkipVerify)
            ConnectingLog.VerificationOff(_logger);
        return new DialRequest
        {
            Address = new IPEndPoint(_lost.Waiting?.RemoteEndPoint.Address ?? IPAddress.None, hub.Port),
            HostName = hub.Host,
            Hub = hub.Name,
            EdgeId = _options.EdgeId,
            Secret = hub.Secret,
            Pins = _pins.Current,
            InsecureSkipVerify = _options.InsecureSkipVerify,
            // Take-over is requested only until the edge had the id once: two edges that request it would take it from each other for ever.
            Hello = _options.Hello with
            {
                TakeOver = _hasHeldTheId ? null : _options.Hello.TakeOver,
                PublicIp = addresses.Primary?.ToString(),
                PublicIpv6 = addresses.IPv6?.ToString(),
            },
            Handler = this,
            MaxPacket = _path.MaxPacket,
            Renew = request => request with { Secret = _renewals.Current.Secret, Pins = _pins.Current, MaxPacket = _path.MaxPacket },
        };
    }

    private TimeSpan OnHubNotFound(DialFailure failure, TimeSpan? longest = null)
    {
        _renewals.OnFailed(failure.Kind);
        return OnDialFailed(failure, longest);
    }

    private TimeSpan OnDialFailed(DialFailure failure, TimeSpan? longest = null)
    {
        var delay = _pause.AfterFailure(failure.Kind, longest);
        if (_state.NoteError($"{failure.Kind}: {failure.Message}"))
            ConnectingLog.DialFailed(_logger, _renewals.Current.Name, failure.Kind, failure.Message, delay.TotalSeconds);
        else
            ConnectingLog.DialFailedAgain(_logger, _renewals.Current.Name, failure.Kind, delay.TotalSeconds);
        return delay;
    }

    /// <summary>Serves a tunnel, and each that takes its place, until the last of them ends or its hub goes away.</summary>
    /// <param name="outcome">The tunnel.</param>
    /// <param name="said">The public address that the hub was told when the tunnel was dialled.</param>
    /// <param name="cancellationToken">Stops the serving; the tunnel is left as it is.</param>
    private async Task<TimeSpan> ServeAsync(DialOutcome outcome, PublicAddresses said, CancellationToken cancellationToken)
    {
        var drain = _options.DrainTimeout;
        while (true)
        {
            var (successor, pause) = await ServeOneAsync(outcome, said, drain, cancellationToken);
            if (successor is not { } next)
                return pause;

            // The one before it is well but not the best, or it may come back, so none of its streams is cut.
            (outcome, said, drain) = (next, PublicAddresses.Unknown, Timeout.InfiniteTimeSpan);
        }
    }

    /// <summary>Serves a tunnel until it ends, its hub goes away, or another one is to take its place.</summary>
    /// <param name="outcome">The tunnel.</param>
    /// <param name="said">The public address that the hub was told when the tunnel was dialled.</param>
    /// <param name="olderDrain">How long the streams of the previous tunnel may go on.</param>
    /// <param name="cancellationToken">Stops the serving; the tunnel is left as it is.</param>
    /// <returns>The tunnel that takes its place; or null, and how long to wait before the next dial.</returns>
    private async Task<(DialOutcome? Successor, TimeSpan Pause)> ServeOneAsync(
        DialOutcome outcome, PublicAddresses said, TimeSpan olderDrain, CancellationToken cancellationToken)
    {
        var tunnel = outcome.Result.Tunnel!;
        var live = new HubTunnel(tunnel, TunnelKey.Of(outcome.Result.Config!.Hub?.TunnelId ?? ""), _time.GetTimestamp());
        var older = _live;
        _pause.Note(outcome.Result.Config!);
        // Beside another tunnel of this process there is no question whose clients they are.
        live.IsHeld = older is null && (outcome.Result.Config!.Hub?.Contested ?? _inConflict);
        _known.AddOrUpdate(tunnel, live);
        // A hub that went away is another process, which does not know what is open.
        var before = older is { GoAway.IsCompleted: false } ? older.Tunnel : null;
        if (before is not null)
            _lost.Expect(before);
        // This comes before the start, since callbacks begin then, and before the ports are bound, so that their first client finds the
        // tunnel.
        _live = live;
        Totals.Add(tunnel);
        tunnel.Start();
        Signal.Raise();
        WatchAsync(live).Guard("watching a tunnel");
        Keep(tunnel, outcome.Result.Config!);
        if (live.IsHeld && !await SettleAsync(live, outcome.Result.Config!.Hub?.Contested, cancellationToken))
            return (null, await EndAsync(live, cancellationToken));
        _configs.PostInitial(tunnel, outcome.Result.Config!, _options.Index);
        OnConnected(tunnel, outcome.Choice);
        // The address was found while HELLO was on its way, and whoever changed it may have told only the tunnel before.
        if (PublicAddress != said)
            SendPublicAddress(tunnel, PublicAddress);
        var connected = _lost.MoveTo(tunnel, before);
        if (older is not null)
            _retiring.Add(older.Tunnel, GoAway.Replaced, IsUpgraded(older) ? Timeout.InfiniteTimeSpan : olderDrain, connected);

        if (await _successors.AwaitAsync(
            live, _renewals.Current.Port, () => CreateRequest(PublicAddress), cancellationToken) is { } successor)
        {
            if (_transports.PrefersOtherThan(tunnel.Kind) && successor.Result.Tunnel!.Kind == TransportKind.Quic)
                TransportChoiceLog.MovedToQuic(_logger, tunnel.ActiveStreams);
            return (successor, default);
        }

        return (null, await EndAsync(live, cancellationToken));
    }

    /// <summary>Waits until the hub says that this tunnel counts when the edge has another one. Nothing is bound before that.</summary>
    /// <returns>False when the tunnel has ended, or the hub wants no more of it.</returns>
    private async Task<bool> SettleAsync(HubTunnel live, bool? contested, CancellationToken cancellationToken)
    {
        using var silence = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var limit = Task.Delay(contested is null ? SilentHub : Timeout.InfiniteTimeSpan, _time, silence.Token);
        await Task.WhenAny(live.Settled, live.GoAway, live.Tunnel.Completion, limit);
        cancellationToken.ThrowIfCancellationRequested();
        await silence.CancelAsync();
        if (live.GoAway.IsCompleted || live.Tunnel.Completion.IsCompleted)
            return false;
        live.IsHeld = false;
        return true;
    }

    // A hub that sends an edge away, or restarts, closes the tunnel a moment later. Both may be seen at once, and the reason counts.
    private async Task<TimeSpan> EndAsync(HubTunnel live, CancellationToken cancellationToken)
    {
        if (!live.GoAway.IsCompleted)
            return await OnTunnelEndedAsync(live);
        if (_replacing is { } replacing && SendsAway(await live.GoAway))
        {
            await replacing.Task.WaitAsync(cancellationToken);
            return TimeSpan.Zero;
        }

        if (live.Tunnel.Completion.IsCompleted)
            Forget(live, await live.Tunnel.Completion);
        return OnGoAway(live, await live.GoAway);
    }

    private static void SendPublicAddress(ITunnel tunnel, PublicAddresses addresses) =>
        tunnel.SendReport(new Report
        {
            Kind = Report.PublicAddress,
            PublicIp = addresses.Primary?.ToString(),
            PublicIpv6 = addresses.IPv6?.ToString(),
        });

    private void OnConnected(ITunnel tunnel, TransportChoice choice)
    {
        (_inConflict, _hasHeldTheId) = (false, true);
        _pause.OnConnected();
        ConnectingLog.Connected(_logger, _renewals.Current.Name, tunnel.RemoteEndPoint, tunnel.Kind.Word());
        if (_transports.PrefersOtherThan(tunnel.Kind))
            TransportChoiceLog.FellBack(_logger, choice.Word, choice.Detail ?? "", QuicReturn.Interval.TotalMinutes);
        _state.NoteConnected(tunnel, choice);
        _observer.OnConnected(tunnel.RemoteEndPoint, tunnel.Kind, choice);
    }

    private async Task<TimeSpan> OnTunnelEndedAsync(HubTunnel live)
    {
        var end = await live.Tunnel.Completion;
        Forget(live, end);
        var lifetime = _time.GetElapsedTime(live.ConnectedAt);
        var delay = _pause.AfterEnd(end, lifetime, streamsWait: _lost.Add(live.Tunnel));
        ConnectingLog.TunnelEnded(
            _logger, live.Tunnel.RemoteEndPoint, end.Kind, end.Detail, lifetime.TotalSeconds, delay.TotalSeconds);
        return delay;
    }

    // The disk may be slow, and configurations arrive on the tunnel's read loop, which must not wait for it.
    private void Keep(ITunnel tunnel, TunnelConfig config)
    {
        if (config.Hub is { Secret: not null } or { Address: not null })
        {
            Task.Run(() =>
            {
                if (_renewals.Keep(config.Hub.Secret, config.Hub.Address) is { } kept)
                    tunnel.SendReport(new Report { Kind = Report.Kept, Rev = config.Hub.Rev, KeptRenewals = kept });
            }).Guard("keeping what the hub renews");
        }
    }

    // The process of the hub that has the tunnel goes on for as long as something is open.
    private static bool IsUpgraded(HubTunnel live) =>
        live.GoAway is { IsCompletedSuccessfully: true, Result.Reason: GoAway.Upgrade };

    private static bool SendsAway(GoAway goAway) => goAway.Reason is GoAway.Conflict or GoAway.Replaced;

    private TimeSpan OnGoAway(HubTunnel live, GoAway goAway)
    {
        if (SendsAway(goAway))
        {
            // Another process has the id, so the clients that come to its ports are that process's.
            _inConflict = true;
            _configs.PostRelease(live.Tunnel, _options.Index);
            if (_state.NoteError($"{goAway.Reason}: another edge process holds the id {_options.EdgeId}; stop one of the two"))
                ConnectingLog.Conflict(_logger, goAway.Reason, _options.EdgeId, RedialPause.ConflictInterval.TotalSeconds);
            Forget(live, new TunnelEnd(TunnelEndKind.Closed, goAway.Reason));
            _retiring.Add(live.Tunnel, GoAway.Shutdown, _options.DrainTimeout);
            return _pause.AfterConflict();
        }

        var delay = _pause.AfterGoAway(goAway, _time.GetElapsedTime(live.ConnectedAt));
        ConnectingLog.HubGoesAway(_logger, goAway.Reason, delay.TotalSeconds);
        return delay;
    }

    /// <summary>
    /// Forgets the tunnel as soon as it ends, whatever the loop is doing then, so that clients are refused without a tunnel.
    /// </summary>
    private async Task WatchAsync(HubTunnel live)
    {
        var end = await live.Tunnel.Completion;
        Forget(live, end);
        if (_lost.Add(live.Tunnel) && _live is { } present)
            await _lost.MoveTo(present.Tunnel, older: null);
        if (!live.IsHeld)
            _observer.OnDisconnected(live.Tunnel.RemoteEndPoint, end);
        await live.Tunnel.DisposeAsync();
        await live.Tunnel.StreamsSettled;
        _state.NoteSettled(live.Tunnel);
    }

    /// <summary>
    /// Notes that the tunnel has ended. Its watcher and the loop both call this, and the first call counts, so that no status shows a next
    /// attempt beside a lost tunnel.
    /// </summary>
    private void Forget(HubTunnel live, TunnelEnd end)
    {
        if (Interlocked.CompareExchange(ref _live, null, live) != live)
            return;
        _configs.PostGone(live.Tunnel, _options.Index);
        // When we ended the tunnel ourselves, or GOAWAY announced the end, the cause is already noted.
        _state.NoteEnd(live.Tunnel, end.Kind == TunnelEndKind.Closed || live.GoAway.IsCompleted ? null : $"{end.Kind}: {end.Detail}");
    }
}
