using System.Net;
using Tunnel.Shared.Guarding;
using Tunnel.Shared.Protocol;
using Tunnel.Shared.Protocol.Messages;
using Tunnel.Shared.Protocol.Proxy;
using Tunnel.Shared.Transport.Moving;
using Tunnel.Shared.Transport.Moving.Tables;
using Tunnel.Shared.Transport.Mux.Streams;
using Tunnel.Shared.Transport.Streams;

namespace Tunnel.Shared.Transport.Mux.Lanes;

/// <summary>
/// A tunnel over one or several TLS connections (protocol.md section 3, Lanes), at either end. The first lane is the tunnel: frames that
/// concern the whole tunnel go there, and its end is the tunnel's end. When another lane is lost, only its own streams are lost. At the
/// edge <see cref="LaneKeeper"/> decides which lanes there are; at the hub the edge's connections do.
/// </summary>
internal sealed class LanedTunnel : ITunnel, IMovingTunnel
{
    private readonly MuxTunnel _first;
    private readonly int _max;
    private readonly int _kept;
    private readonly TaskCompletionSource<TunnelEnd> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _lock = new();
    private volatile Lane[] _lanes;
    private TunnelCounters _past;
    private bool _takesLanes = true;

    public LanedTunnel(MuxTunnel first, TransportContext context)
    {
        _first = first;
        _max = context.Lanes.Max;
        _kept = context.Lanes.Kept;
        _lanes = [new Lane(0, first, context.NowMilliseconds)];
        first.Facade = this;
        first.Endpoint.Sessions.FlushLanes = Flush;
        WatchFirstAsync().Guard("watching a lane");
    }

    public TransportKind Kind => _first.Kind;

    public IPEndPoint RemoteEndPoint => _first.RemoteEndPoint;

    public TunnelFeatures Features => _first.Features;

    public TimeSpan? RoundTripTime => _first.RoundTripTime;

    public int ActiveStreams
    {
        get
        {
            var sum = 0;
            foreach (var lane in _lanes)
                sum += lane.Mux.ActiveStreams;
            return sum;
        }
    }

    public int ActiveSessions
    {
        get
        {
            var sum = 0;
            foreach (var lane in _lanes)
                sum += lane.Mux.ActiveSessions;
            return sum;
        }
    }

    public int Lanes => _lanes.Length;

    public TunnelCounters Counters
    {
        get
        {
            lock (_lock)
                return _lanes.Aggregate(_past, static (sum, lane) => sum.Plus(lane.Mux.Counters));
        }
    }

    public TrafficMeter Traffic => _first.Traffic;

    public TunnelQueues Queues => _lanes.Aggregate(default(TunnelQueues), static (sum, lane) => sum.Plus(lane.Mux.Queues));

    public bool IsInDoubt => _first.IsInDoubt;

    public void Suspect()
    {
        foreach (var lane in _lanes)
            lane.Mux.Suspect();
    }

    public long Heard => _first.Heard;

    public bool Ask() => _first.Ask();

    public bool IsLost => _first.IsLost;

    public Task<TunnelEnd> Completion => _completion.Task;

    public Task NumbersEnding => _first.NumbersEnding;

    /// <summary>The present lanes, the first one first.</summary>
    internal IReadOnlyList<Lane> All => _lanes;

    /// <summary>Edge: true when streams can be opened, so that lanes may be of use.</summary>
    internal bool TakesNew => _first.Core.TakesNew;

    /// <summary>Edge: keeps the further lanes, and is told of lost ones.</summary>
    internal LaneKeeper? Keeper { get; set; }

    public void Start()
    {
        _first.Start();
        Keeper?.Start();
    }

    public MovableStreams Moving => _first.Moving;

    public ITunnelStream? OpenStream(in StreamOpening opening, ILocalEndpoint endpoint, IStreamObserver? observer) =>
        _first.Core.TakesNew ? this.Open(_first.Core.Context, opening, endpoint, observer, OpenCarrier) : null;

    public Task<int> HandOverStreamsAsync(ITunnel other) => this.HandOverAsync(other);

    public ITunnel? Successor => Moving.Successor;

    public ResetReason? MoveStream(StreamMove move, ITunnel other, ITunnelStream carrier) => _first.MoveStream(move, other, carrier);

    public ITunnelSession? OpenSession(in StreamOpening opening, IDatagramSink sink)
    {
        if (!_first.Core.TakesNew)
            return null;
        var lane = Choose();
        return lane.OpenSession(opening, sink) ?? (lane == _first ? null : _first.OpenSession(opening, sink));
    }

    public void SendConfig(TunnelConfig config) => _first.SendConfig(config);

    public void SendReport(Report report) => _first.SendReport(report);

    public void SendGoAway(string reason)
    {
        var highest = StopJoining().Select(static lane => lane.Mux.Endpoint.StopTakingNew()).DefaultIfEmpty().Max();
        _first.Endpoint.SendGoAway(reason, highest);
    }

    public bool TryJoin(int index, ITunnel connection)
    {
        if (connection is not MuxTunnel mux)
            return false;
        var lane = new Lane(index, mux, mux.Core.Context.NowMilliseconds);
        lock (_lock)
        {
            if (!_takesLanes || index < 1 || index >= _max || _lanes.Any(other => other.Index == index))
                return false;
            _lanes = [.. _lanes, lane];
        }

        mux.Endpoint.Sessions.FlushLanes = Flush;
        mux.Moving = Moving;
        mux.Core.Datagrams.ShareWith(_first.Core.Datagrams);
        if (!mux.Core.IsEdge)
            mux.Endpoint.QueuePing();
        WatchAsync(lane).Guard("watching a lane");
        return true;
    }

    public async Task WaitForStreamsAsync(CancellationToken cancellationToken)
    {
        // While this waits for one lane, a stream may be opened on another.
        do
            await Task.WhenAll(_lanes.Select(lane => lane.Mux.WaitForStreamsAsync(cancellationToken)));
        while (_lanes.Any(static lane => lane.Mux is { IsDead: false, ActiveStreams: > 0 }));
    }

    public Task<ResumeOutcome> ResumeOverAsync(ITunnel other, CancellationToken cancellationToken) =>
        _first.ResumeOverAsync(other is LanedTunnel laned ? laned._first : other, cancellationToken);

    public async Task<ResumeOutcome> ResumeWithinAsync(ITunnel other, CancellationToken cancellationToken)
    {
        var lanes = _lanes;
        var outcomes = await Task.WhenAll(lanes.Select(lane => lane.Mux.ResumeWithinAsync(other, cancellationToken)));
        for (var i = 1; i < lanes.Length; i++)
        {
            if (outcomes[i] == ResumeOutcome.Refused)
                await lanes[i].Mux.CloseAsync(new TunnelEnd(TunnelEndKind.ConnectionLost, "the hub has not kept it"));
        }

        return outcomes[0] == ResumeOutcome.Resumed && outcomes.Contains(ResumeOutcome.Failed) ? ResumeOutcome.Failed : outcomes[0];
    }

    public Task<ResumeOutcome> AcceptResumeAsync(ITunnel connection, ResumePoint peer) => _first.AcceptResumeAsync(connection, peer);

    public Task<bool> ProbeAsync(TimeSpan timeout, CancellationToken cancellationToken) => _first.ProbeAsync(timeout, cancellationToken);

    public async Task CloseAsync(TunnelEnd end)
    {
        // The first lane is closed last: its end ends the others too, and their queued frames would be lost.
        var others = Task.WhenAll(StopJoining().Select(lane => lane.Mux.CloseAsync(end)));
        await _first.CloseAsync(end, others);
        await Completion;
    }

    public async ValueTask DisposeAsync() => await CloseAsync(new TunnelEnd(TunnelEndKind.Closed, "closed"));

    private static MuxStream? OpenCarrier(
        LanedTunnel tunnel, in StreamOpening opening, ILocalEndpoint endpoint, IStreamObserver? observer)
    {
        var lane = tunnel.Choose();
        var first = tunnel._first;

        // A lane that is just ending does not touch the endpoint.
        return lane.Endpoint.OpenStream(opening, endpoint, observer)
            ?? (lane == first ? null : first.Endpoint.OpenStream(opening, endpoint, observer));
    }

    private void Flush()
    {
        foreach (var lane in _lanes)
            lane.Mux.Core.Wake();
    }

    private MuxTunnel Choose()
    {
        var lanes = _lanes;
        if (lanes.Length == 1)
            return _first;
        Span<LaneLoad> loads = stackalloc LaneLoad[LaneOptions.Limit];
        for (var i = 0; i < lanes.Length; i++)
            loads[i] = lanes[i].GetLoad(isExtra: i >= _kept);
        return lanes[LaneChoice.Choose(loads[..lanes.Length])].Mux;
    }

    // Returns the lanes beyond the first, and lets no more join.
    private IEnumerable<Lane> StopJoining()
    {
        lock (_lock)
        {
            _takesLanes = false;
            return _lanes.Skip(1);
        }
    }

    private async Task WatchAsync(Lane lane)
    {
        var end = await lane.Mux.Completion;
        lock (_lock)
        {
            _past = _past.Plus(lane.Mux.Counters);
            _lanes = [.. _lanes.Where(other => other != lane)];
        }

        Keeper?.OnLaneEnded(lane, end);
    }

    private async Task WatchFirstAsync()
    {
        var end = await _first.Completion;
        Keeper?.Stop();
        var others = StopJoining().ToArray();
        foreach (var lane in others)
            lane.Mux.Terminate(new TunnelEnd(end.Kind, "the tunnel's first lane is over"));
        await Task.WhenAll(others.Select(lane => lane.Mux.Completion));
        _completion.TrySetResult(end);
    }
}
