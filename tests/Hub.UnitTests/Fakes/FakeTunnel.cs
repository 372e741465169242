using System.Net;
using System.Threading.Channels;
using Tunnel.Shared.Protocol;
using Tunnel.Shared.Protocol.Messages;
using Tunnel.Shared.Protocol.Proxy;
using Tunnel.Shared.Transport;

namespace Tunnel.Hub.UnitTests.Fakes;

/// <summary>A tunnel without a connection: records what the hub does with it.</summary>
internal sealed class FakeTunnel : ITunnel
{
    private readonly TaskCompletionSource<TunnelEnd> _end = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _drained = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Channel<TunnelConfig> _configs = Channel.CreateUnbounded<TunnelConfig>();
    private readonly Channel<ITunnel> _resumes = Channel.CreateUnbounded<ITunnel>();
    private readonly TaskCompletionSource _refused = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Channel<string> _goAways = Channel.CreateUnbounded<string>();

    public TransportKind Kind { get; init; } = TransportKind.TcpTls;

    public IPEndPoint RemoteEndPoint { get; init; } = new(IPAddress.Loopback, 1);

    public TunnelFeatures Features { get; set; }

    /// <summary>The connections that have joined it, by number.</summary>
    public Dictionary<int, ITunnel> Joined { get; } = [];

    public int Lanes => 1 + Joined.Count;

    public TimeSpan? RoundTripTime => TimeSpan.FromMilliseconds(12.5);

    public int ActiveStreams { get; set; }

    public int ActiveSessions { get; set; }

    public TunnelCounters Counters { get; set; }

    public Task<TunnelEnd> Completion => _end.Task;

    public bool IsInDoubt { get; set; }

    public bool Started { get; private set; }

    /// <summary>The result of a probe.</summary>
    public bool IsAlive { get; set; } = true;

    /// <summary>The clock by which a probe of a tunnel that is not alive takes all of its time; null: it fails at once.</summary>
    public TimeProvider? Time { get; init; }

    public List<TimeSpan> Probes { get; } = [];

    public bool HasConfig => _configs.Reader.TryPeek(out _);

    public bool HasGoAway => _goAways.Reader.TryPeek(out _);

    /// <summary>The streams that other tunnels have asked for.</summary>
    public List<uint> Moved { get; } = [];

    public int StreamsToMove { get; set; }

    public Task<TunnelResumed> StreamsMoved { get; set; } = Task.FromResult(default(TunnelResumed));

    public Task StreamsSettled { get; set; } = new TaskCompletionSource().Task;

    public ResetReason? MoveStream(StreamMove move, ITunnel other, ITunnelStream carrier)
    {
        Moved.Add(move.StreamId);
        return null;
    }

    public void Start() => Started = true;

    public ITunnelStream? OpenStream(in StreamOpening opening, ILocalEndpoint endpoint, IStreamObserver? observer) =>
        throw new NotSupportedException();

    public ITunnelSession? OpenSession(in StreamOpening opening, IDatagramSink sink) => throw new NotSupportedException();

    public void SendConfig(TunnelConfig config) => _configs.Writer.TryWrite(config);

    public void SendReport(Report report) => throw new NotSupportedException();

    public void SendGoAway(string reason) => _goAways.Writer.TryWrite(reason);

    public bool TryJoin(int index, ITunnel connection) => Joined.TryAdd(index, connection);

    public Task WaitForStreamsAsync(CancellationToken cancellationToken) => _drained.Task.WaitAsync(cancellationToken);

    public async Task<bool> ProbeAsync(TimeSpan timeout, CancellationToken cancellationToken)
    {
        Probes.Add(timeout);
        if (Time is { } time && !IsAlive)
            await Task.Delay(timeout, time, cancellationToken);
        return IsAlive;
    }

    /// <summary>The outcome of a connection that is to take its lost one's place.</summary>
    public ResumeOutcome Outcome { get; set; } = ResumeOutcome.Resumed;

    public bool HasResume => _resumes.Reader.TryPeek(out _);

    /// <summary>Whether it was told that it resumes nothing.</summary>
    public bool IsRefused => _refused.Task.IsCompleted;

    public Task<ResumeOutcome> AcceptResumeAsync(ITunnel connection, ResumePoint peer)
    {
        _resumes.Writer.TryWrite(connection);
        return Task.FromResult(Outcome);
    }

    public void RefuseResume() => _refused.TrySetResult();

    public Task<ITunnel> NextResumeAsync() => _resumes.Reader.ReadAsync().AsTask().WaitAsync(Patience.Limit);

    public Task RefusedAsync() => _refused.Task.WaitAsync(Patience.Limit);

    public Task CloseAsync(TunnelEnd end)
    {
        // This comes first, so that code which only waits for the streams does not end it for a reason of its own.
        _end.TrySetResult(end);
        _drained.TrySetResult();
        return Task.CompletedTask;
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    public void FinishStreams() => _drained.TrySetResult();

    public Task<TunnelConfig> NextConfigAsync() => _configs.Reader.ReadAsync().AsTask().WaitAsync(Patience.Limit);

    public Task<string> NextGoAwayAsync() => _goAways.Reader.ReadAsync().AsTask().WaitAsync(Patience.Limit);

    public Task<TunnelEnd> EndAsync() => Completion.WaitAsync(Patience.Limit);
}
