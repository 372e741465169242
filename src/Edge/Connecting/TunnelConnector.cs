using System.Net;
using Microsoft.Extensions.Logging;
using Tunnel.Edge.Configuring;
using Tunnel.Edge.PublicAddress;
using Tunnel.Shared.Protocol.Messages;
using Tunnel.Shared.Transport;

namespace Tunnel.Edge.Connecting;

/// <summary>
/// Keeps a tunnel to the hub: dials, applies the configuration, and dials again when the tunnel is lost or the hub goes away. New streams go
/// to the newest tunnel; an older one drains.
/// </summary>
internal sealed class TunnelConnector : IEdgeTunnelHandler, ITunnelSource
{
    /// <summary>After a conflict the other process is given this long (protocol.md section 2), and a random part of half of it more.</summary>
    internal static readonly TimeSpan ConflictDelay = TimeSpan.FromSeconds(60);

    private readonly ConnectorOptions _options;
    private readonly TransportSelector _transports;
    private readonly Backoff _backoff;
    private readonly PinStore _pins;
    private readonly ConfigApplier _configs;
    private readonly IConnectorObserver _observer;
    private readonly Func<double> _random;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly RetiringTunnels _retiring;
    private readonly PathLimit _path;
    private readonly Rescue _rescue;
    private volatile LiveTunnel? _live;
    private readonly Lock _statusGate = new();
    private ConnectionStatus _status = new();
    private PublicAddresses _publicAddress = PublicAddresses.Unknown;

    public TunnelConnector(
        ConnectorOptions options, TransportSelector transports, PinStore pins, ConfigApplier configs, IConnectorObserver observer,
        Func<double> random, TimeProvider time, ILogger logger)
    {
        (_options, _transports, _pins, _configs, _observer) = (options, transports, pins, configs, observer);
        (_random, _time, _logger) = (random, time, logger);
        _backoff = new Backoff(random);
        _retiring = new RetiringTunnels(time, logger);
        _path = new PathLimit(time);
        _rescue = new Rescue(transports, _path, time, logger);
    }

    public ITunnel? Current => _live?.Tunnel;

    public ConnectionStatus Status => Volatile.Read(ref _status);

    public TunnelTotals Totals { get; } = new();

    /// <summary>Bytes that packets to and from the hub may have, when the path was found to swallow larger ones; else null.</summary>
    public int? MaxPacket => _path.MaxPacket;

    /// <summary>What the hub is told of this machine's public address.</summary>
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

    /// <summary>Dials and serves until cancelled; then the tunnel is left as it is, for <see cref="CloseAsync"/>.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            while (true)
            {
                TimeSpan delay = await TryOnceAsync(cancellationToken);
                if (delay <= TimeSpan.Zero)
                    continue;
                DateTimeOffset next = _time.GetUtcNow() + delay;
                // The clock first: who sees the status finds the wait begun.
                Task wait = Task.Delay(delay, _time, cancellationToken);
                Update(status => status with { NextAttempt = next });
                await wait;
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
        }
    }

    /// <summary>Says GOAWAY, gives the open streams <paramref name="drain"/> to finish, and closes. After <see cref="RunAsync"/> has ended.</summary>
    public async Task CloseAsync(TimeSpan drain)
    {
        if (_live is { } live)
            _retiring.Add(live.Tunnel, GoAway.Shutdown, drain);
        await _retiring.WaitAsync(drain);
    }

    void IEdgeTunnelHandler.OnConfig(ITunnel tunnel, TunnelConfig config)
    {
        // A draining tunnel's pushes are of yesterday.
        if (_live?.Tunnel == tunnel)
            _configs.PostPushed(tunnel, config);
    }

    void ITunnelHandler.OnGoAway(ITunnel tunnel, GoAway goAway)
    {
        if (_live is { } live && live.Tunnel == tunnel)
            live.OnGoAway(goAway);
    }

    void IEdgeTunnelHandler.OnDoubt(ITunnel tunnel)
    {
        if (_live is { } live && live.Tunnel == tunnel)
            live.OnDoubt();
    }

    /// <summary>One tunnel from the dial to its end, or a dial that failed.</summary>
    /// <returns>How long to wait before the next.</returns>
    private async Task<TimeSpan> TryOnceAsync(CancellationToken cancellationToken)
    {
        try
        {
            Update(status => status with { NextAttempt = null });
            PublicAddresses said = PublicAddress;
            DialOutcome outcome = await _transports.DialAsync(_options.HubPort, CreateRequest(said), cancellationToken);
            return outcome.Result.Failure is { } failure
                ? OnDialFailed(failure)
                : await ServeAsync(outcome, said, _options.DrainTimeout, cancellationToken);
        }
        catch (Exception e) when (!(e is OperationCanceledException && cancellationToken.IsCancellationRequested))
        {
            // A bug in a transport: the edge must not stop dialling because of it.
            TimeSpan delay = _backoff.Next();
            _logger.DialFaulted(e, delay.TotalSeconds);
            Update(status => status with { LastError = e.Message });
            return delay;
        }
    }

    private DialRequest CreateRequest(PublicAddresses addresses)
    {
        if (_options.InsecureSkipVerify)
            _logger.VerificationOff();
        return new DialRequest
        {
            Address = new IPEndPoint(IPAddress.None, _options.HubPort),
            HostName = _options.HubHost,
            EdgeId = _options.EdgeId,
            Secret = _options.Secret,
            Pins = _pins.Current,
            InsecureSkipVerify = _options.InsecureSkipVerify,
            Hello = _options.Hello with { PublicIp = addresses.Primary?.ToString(), PublicIpv6 = addresses.IPv6?.ToString() },
            Handler = this,
            MaxPacket = _path.MaxPacket,
        };
    }

    private TimeSpan OnDialFailed(DialFailure failure)
    {
        TimeSpan delay = _backoff.Next();
        string error = $"{failure.Kind}: {failure.Message}";
        if (Status.LastError == error)
            _logger.DialFailedAgain(_options.HubName, failure.Kind, delay.TotalSeconds);
        else
            _logger.DialFailed(_options.HubName, failure.Kind, failure.Message, delay.TotalSeconds);
        Update(status => status with { LastError = error });
        return delay;
    }

    /// <summary>Serves a tunnel until it ends, or its hub goes away, or a successor has taken its place and ends.</summary>
    /// <param name="outcome">The tunnel.</param>
    /// <param name="said">The public address that it was told when it was dialled.</param>
    /// <param name="olderDrain">How long the streams of the one before may go on.</param>
    /// <param name="cancellationToken">Stops the serving; the tunnel is left as it is.</param>
    private async Task<TimeSpan> ServeAsync(DialOutcome outcome, PublicAddresses said, TimeSpan olderDrain, CancellationToken cancellationToken)
    {
        ITunnel tunnel = outcome.Result.Tunnel!;
        var live = new LiveTunnel(tunnel, _time.GetTimestamp());
        LiveTunnel? older = _live;
        // Before its start, since callbacks come from then on; before the ports are bound, so that their first client finds it.
        _live = live;
        Totals.Add(tunnel);
        tunnel.Start();
        _ = WatchAsync(live);
        _configs.PostInitial(tunnel, outcome.Result.Config!);
        OnConnected(tunnel, outcome.Choice);
        // Found while HELLO was on its way: whoever changed it told the tunnel before.
        if (PublicAddress != said)
            SendPublicAddress(tunnel, PublicAddress);
        if (older is not null)
            _retiring.Add(older.Tunnel, GoAway.Replaced, olderDrain);

        if (await AwaitSuccessorAsync(live, cancellationToken) is { } successor)
        {
            if (_transports.PrefersOtherThan(tunnel.Kind) && successor.Result.Tunnel!.Kind == TransportKind.Quic)
                _logger.MovedToQuic(tunnel.ActiveStreams);
            // The tunnel is well, only not the best, or may come back: none of its streams is cut for that.
            return await ServeAsync(successor, PublicAddresses.Unknown, Timeout.InfiniteTimeSpan, cancellationToken);
        }

        // A hub that sends somebody away closes a moment later, and both may be seen at once: the reason counts.
        GoAway? goAway = live.GoAway.IsCompleted ? await live.GoAway : null;
        return goAway is not null && (SendsAway(goAway) || !tunnel.Completion.IsCompleted) ? OnGoAway(live, goAway) : await OnTunnelEndedAsync(live);
    }

    /// <summary>
    /// Waits for the tunnel's end or GOAWAY (null), or for one that is to take its place: over a transport that is preferred to its, made because it is
    /// stuck, or made because its numbers come to their end.
    /// </summary>
    private async Task<DialOutcome?> AwaitSuccessorAsync(LiveTunnel live, CancellationToken cancellationToken)
    {
        using var cut = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        List<Task<DialOutcome>> ways =
        [
            _rescue.AwaitAsync(live, _options.HubPort, () => CreateRequest(PublicAddress), cut.Token),
            DialWhenNumbersEndAsync(live.Tunnel, cut.Token),
        ];
        if (_transports.PrefersOtherThan(live.Tunnel.Kind))
            ways.Add(_transports.AwaitQuicAsync(_options.HubPort, () => CreateRequest(PublicAddress), cut.Token));
        await Task.WhenAny([live.Tunnel.Completion, live.GoAway, .. ways]);
        await cut.CancelAsync();
        DialOutcome? successor = null;
        foreach (Task<DialOutcome> way in ways)
        {
            await ((Task)way).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (!way.IsCompletedSuccessfully)
                continue;
            // Two at once: one is enough.
            if (successor?.Result.Tunnel is { } first)
                await first.DisposeAsync();
            successor = await way;
        }

        if (successor is null)
            cancellationToken.ThrowIfCancellationRequested();
        return successor;
    }

    /// <summary>A tunnel over any transport, when this one's numbers come to their end (protocol.md section 3).</summary>
    private async Task<DialOutcome> DialWhenNumbersEndAsync(ITunnel tunnel, CancellationToken cancellationToken)
    {
        await tunnel.NumbersEnding.WaitAsync(cancellationToken);
        _logger.NumbersEnding(tunnel.RemoteEndPoint);
        while (true)
        {
            DialOutcome outcome = await _transports.DialAsync(_options.HubPort, CreateRequest(PublicAddress), cancellationToken);
            if (outcome.Result.Failure is not { } failure)
                return outcome;
            await Task.Delay(OnDialFailed(failure), _time, cancellationToken);
        }
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
        _logger.Connected(_options.HubName, tunnel.RemoteEndPoint, tunnel.Kind);
        if (_transports.PrefersOtherThan(tunnel.Kind))
            _logger.FellBack(choice.Word, choice.Detail ?? "", TransportSelector.QuicInterval.TotalMinutes);
        Update(_ => new ConnectionStatus
        {
            Connected = true,
            Transport = tunnel.Kind,
            Choice = choice,
            Address = tunnel.RemoteEndPoint,
            Since = _time.GetUtcNow(),
        });
        _observer.OnConnected(tunnel.RemoteEndPoint, tunnel.Kind, choice);
    }

    private async Task<TimeSpan> OnTunnelEndedAsync(LiveTunnel live)
    {
        TunnelEnd end = await live.Tunnel.Completion;
        Forget(live, end);
        TimeSpan lifetime = _time.GetElapsedTime(live.ConnectedAt);
        _backoff.OnTunnelEnded(lifetime);
        TimeSpan delay = _backoff.Next();
        _logger.TunnelEnded(live.Tunnel.RemoteEndPoint, end.Kind, end.Detail, lifetime.TotalSeconds, delay.TotalSeconds);
        return delay;
    }

    private static bool SendsAway(GoAway goAway) => goAway.Reason is GoAway.Conflict or GoAway.Replaced;

    private TimeSpan OnGoAway(LiveTunnel live, GoAway goAway)
    {
        if (SendsAway(goAway))
        {
            TimeSpan wait = ConflictDelay * (1 + (_random() / 2));
            _logger.Conflict(goAway.Reason, _options.EdgeId, wait.TotalSeconds);
            Update(status => status with { LastError = $"{goAway.Reason}: another edge process holds the id {_options.EdgeId}" });
            _retiring.Add(live.Tunnel, GoAway.Shutdown, _options.DrainTimeout);
            return wait;
        }

        TimeSpan lifetime = _time.GetElapsedTime(live.ConnectedAt);
        _backoff.OnTunnelEnded(lifetime);
        // A hub that sends GOAWAY is dialled again at once, but one that does so to each new tunnel must not be hammered.
        TimeSpan delay = lifetime >= Backoff.ShortLived ? TimeSpan.Zero : _backoff.Next();
        _logger.HubGoesAway(goAway.Reason, delay.TotalSeconds);
        return delay;
    }

    /// <summary>Without a tunnel clients are refused, whatever the loop is doing when it ends.</summary>
    private async Task WatchAsync(LiveTunnel live)
    {
        TunnelEnd end = await live.Tunnel.Completion;
        Forget(live, end);
        _observer.OnDisconnected(live.Tunnel.RemoteEndPoint, end);
        await live.Tunnel.DisposeAsync();
    }

    /// <summary>The tunnel is no more. Its watcher and the loop come here, whoever is first: no status tells of a next try beside a tunnel that is lost.</summary>
    private void Forget(LiveTunnel live, TunnelEnd end)
    {
        if (Interlocked.CompareExchange(ref _live, null, live) != live)
            return;
        Update(status => status with
        {
            Connected = false,
            Transport = null,
            Choice = null,
            Address = null,
            Since = _time.GetUtcNow(),
            // An end of our own making, or one that GOAWAY announced, has its cause there already.
            LastError = end.Kind == TunnelEndKind.Closed || live.GoAway.IsCompleted ? status.LastError : $"{end.Kind}: {end.Detail}",
        });
    }

    /// <summary>The loop and the tunnel's end change the status at the same time.</summary>
    private void Update(Func<ConnectionStatus, ConnectionStatus> change)
    {
        lock (_statusGate)
            Volatile.Write(ref _status, change(_status));
    }
}
