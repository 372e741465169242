using Microsoft.Extensions.Logging;
using Tunnel.Shared.Guarding;
using Tunnel.Shared.Protocol.Flow;
using Tunnel.Shared.Protocol.Messages;

namespace Tunnel.Shared.Transport.Mux.Lanes;

/// <summary>Dials the hub and authenticates, for a connection that becomes a lane. The result is not yet started.</summary>
/// <param name="index">The lane's number.</param>
/// <param name="handler">Is told of the lane's events.</param>
/// <param name="cancellationToken">Gives up the dial.</param>
internal delegate Task<DialResult> LaneDialer(int index, IEdgeTunnelHandler handler, CancellationToken cancellationToken);

/// <summary>
/// The edge's lanes beyond the first: keeps as many as <see cref="LaneDemand"/> wants. A lane that has lost its connection gets another, a
/// lane that has ended is dialled again, and a lane that is no longer wanted is closed once its streams have left it.
/// </summary>
internal sealed class LaneKeeper
{
    /// <summary>The limit for one try to bring a lane another connection; on a path that is back, a new try gets through sooner.</summary>
    internal static readonly TimeSpan ReviveTimeout = TimeSpan.FromSeconds(10);

    /// <summary>The highest ceiling of the pauses between such tries: what is open waits for one.</summary>
    internal static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(2);

    /// <summary>How long the hub may take to accept a lane after its handshake.</summary>
    internal static readonly TimeSpan AcceptTimeout = TimeSpan.FromSeconds(10);

    private readonly LanedTunnel _tunnel;
    private readonly LaneDialer _dial;
    private readonly TransportContext _context;
    private readonly string _name;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _lock = new();
    private readonly LaneDemand _demand;
    private readonly LaneChanges _changes;

    // One edge's lanes are not lost by the thousand, so the waits need not spread down to zero.
    private readonly Backoff _backoff =
        new(static () => 0.5 + (Random.Shared.NextDouble() / 2), TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(1));
    private ITimer? _timer;
    private bool _dialling;
    private bool _stopped;
    private long _notBefore;
    private bool _failedBefore;

    public LaneKeeper(LanedTunnel tunnel, LaneDialer dial, string name, TransportContext context)
    {
        _tunnel = tunnel;
        _dial = dial;
        _name = name;
        _context = context;
        _logger = context.LoggerFactory.CreateLogger("Tunnel.Transport.Lanes");
        _demand = new LaneDemand(context.Lanes, context.NowMilliseconds);
        _changes = new LaneChanges(tunnel, name, _logger);
    }

    public void Start()
    {
        var period = TimeSpan.FromMilliseconds(BulkMeter.Period);
        lock (_lock)
        {
            if (!_stopped)
                _timer = _context.Time.CreateGuardedTimer(static self => self.Tick(), this, TimeSpan.Zero, period);
        }
    }

    /// <summary>Stops keeping lanes, because the tunnel has ended.</summary>
    public void Stop()
    {
        lock (_lock)
        {
            _timer?.Dispose();
            _stopped = true;
        }

        _stop.Cancel();
    }

    /// <summary>Notes that a lane has ended.</summary>
    public void OnLaneEnded(Lane lane, TunnelEnd end)
    {
        if (end.Kind == TunnelEndKind.Closed || !_tunnel.TakesNew)
        {
            LaneLog.Closed(_logger, _name, lane.Index, end.Detail);
            return;
        }

        // A hub that stops closes its further lanes first.
        var level = end.Kind == TunnelEndKind.PeerClosed ? LogLevel.Information : LogLevel.Warning;
        LaneLog.Lost(_logger, level, _name, lane.Index, end.Kind, end.Detail);
        lock (_lock)
        {
            _backoff.OnTunnelEnded(TimeSpan.FromMilliseconds(_context.NowMilliseconds - lane.Since));
            BackOff();
        }
    }

    private void Tick()
    {
        Revive();
        var index = 0;
        Lane[] leaving;
        lock (_lock)
        {
            if (_stopped || !_tunnel.TakesNew)
                return;
            var lanes = _tunnel.All;

            // These lanes have been retiring since the last round at least, so no caller that has chosen one is still about to open a
            // stream.
            leaving = [.. lanes.Where(static lane => lane.IsRetiring && lane.IsEmpty)];
            var now = _context.NowMilliseconds;
            var open = Math.Min(lanes.Count, _demand.Wanted);
            _demand.Update(now, open, lanes.Take(open).Count(static lane => lane.CountBulk() > 0));
            for (var i = 1; i < lanes.Count; i++)
                lanes[i].IsRetiring = i >= _demand.Wanted || lanes[i].IsCarried;
            if (!_dialling && lanes.Count < _demand.Wanted && now >= _notBefore)
            {
                _dialling = true;
                index = Enumerable.Range(1, LaneOptions.Limit).First(free => lanes.All(lane => lane.Index != free));
            }
        }

        foreach (var lane in leaving)
        {
            if (lane.IsRetiring)
                lane.Mux.CloseAsync(new TunnelEnd(TunnelEndKind.Closed, "it was not needed any more")).Guard("closing a lane");
        }

        _changes.Make();
        if (index > 0)
            OpenAsync(index).Guard("opening a lane");
    }

    // A lane that carries streams is revived also while the tunnel takes no new ones. While the first one is lost or in doubt too, its own
    // dials find out whether the hub is back, at the pace of edges that have lost it together; the lanes follow.
    private void Revive()
    {
        Lane[] lost;
        lock (_lock)
        {
            lost = _stopped || _tunnel.IsLost || _tunnel.IsInDoubt || _context.NowMilliseconds < _notBefore
                ? []
                : [.. _tunnel.All.Where(static lane => lane is { Index: > 0, IsReviving: false, NeedsConnection: true })];
            foreach (var lane in lost)
                lane.IsReviving = true;
        }

        foreach (var lane in lost)
            ReviveAsync(lane).Guard("reviving a lane");
    }

    private async Task ReviveAsync(Lane lane)
    {
        using var timeout = new CancellationTokenSource(ReviveTimeout, _context.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, _stop.Token);
        try
        {
            var result = await _dial(lane.Index, new LaneHandler(), either.Token);
            if (result.Tunnel is not { } connection)
            {
                lock (_lock)
                    BackOff(LongestPause);
                CarryAsync(lane).Guard("carrying a lane");
                return;
            }

            if (await lane.Mux.ResumeOverAsync(connection, either.Token) is ResumeOutcome.Refused or ResumeOutcome.NotPossible)
            {
                await lane.Mux.CloseAsync(new TunnelEnd(TunnelEndKind.ConnectionLost, "the hub has not kept it"));
                await connection.DisposeAsync();
            }
        }
        catch (OperationCanceledException)
        {
            // The next round tries again, as long as the lane waits.
            CarryAsync(lane).Guard("carrying a lane");
        }
        finally
        {
            lock (_lock)
                lane.IsReviving = false;
        }
    }

    // The hub is there, but no further connection can be made: the lane goes on within the first one, and its streams leave it there. The
    // dials go on meanwhile.
    private async Task CarryAsync(Lane lane)
    {
        lock (_lock)
        {
            if (_stopped || lane.IsMadeCarried)
                return;
            lane.IsMadeCarried = true;
        }

        try
        {
            await lane.Mux.ResumeWithinAsync(_tunnel.All[0].Mux, CancellationToken.None);
        }
        finally
        {
            lock (_lock)
                lane.IsMadeCarried = false;
        }
    }

    private async Task OpenAsync(int index)
    {
        string? fault;
        try
        {
            fault = await DialAsync(index);
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // The tunnel has ended.
            return;
        }
        catch (Exception e)
        {
            // A defect in this program must not leave the tunnel without lanes for good.
            fault = e.Message;
        }

        lock (_lock)
        {
            _dialling = false;
            if (fault is not null)
                BackOff();
        }

        if (fault is null)
            LaneLog.Opened(_logger, _name, index, _tunnel.RemoteEndPoint);
        else if (!_stop.IsCancellationRequested && _tunnel.TakesNew)
            LaneLog.Failed(_logger, _failedBefore ? LogLevel.Debug : LogLevel.Warning, _name, index, fault);
        _failedBefore = fault is not null;
    }

    private void BackOff(TimeSpan? longest = null) =>
        _notBefore = _context.NowMilliseconds + (long)_backoff.Next(atMost: longest).TotalMilliseconds;

    /// <summary>Opens a lane and lets it join the tunnel.</summary>
    /// <returns>Why the lane was not opened, or null.</returns>
    private async Task<string?> DialAsync(int index)
    {
        var handler = new LaneHandler();
        var result = await _dial(index, handler, _stop.Token);
        if (result.Failure is { } failure)
            return failure.Message;
        var mux = (MuxTunnel)result.Tunnel!;
        var accepted = mux.WaitForPing();
        mux.Start();
        try
        {
            await accepted.WaitAsync(AcceptTimeout, _context.Time, _stop.Token);
            if (handler.Refusal is null && !mux.Completion.IsCompleted && _tunnel.TryJoin(index, mux))
            {
                handler.IsAccepted = true;
                return null;
            }
        }
        catch (TimeoutException)
        {
        }
        catch (OperationCanceledException)
        {
            await CloseAsync(mux);
            throw;
        }

        await CloseAsync(mux);
        return handler.Refusal is { } refusal
            ? $"the hub refuses it: {refusal}"
            : $"the hub did not accept it: {(await mux.Completion).Detail}";
    }

    private static Task CloseAsync(MuxTunnel mux) => mux.CloseAsync(new TunnelEnd(TunnelEndKind.Closed, "no answer to its HELLO"));

    /// <summary>
    /// Handles the events of a further lane, which may only say that it is not wanted. Everything else comes on the first lane.
    /// </summary>
    private sealed class LaneHandler : IEdgeTunnelHandler
    {
        public string? Refusal { get; private set; }

        /// <summary>True once the hub has accepted the lane, which then waits for another connection when it loses its own.</summary>
        public bool IsAccepted { get; set; }

        public void OnConfig(ITunnel tunnel, TunnelConfig config)
        {
        }

        public bool OnLost(ITunnel tunnel, TunnelEnd cause) => IsAccepted;

        public void OnGoAway(ITunnel tunnel, GoAway goAway) => Refusal ??= goAway.Reason;
    }
}
