using System.Net;
using System.Threading.Channels;
using Tunnel.Shared.Protocol.Messages;
using Tunnel.Shared.Transport;

namespace Tunnel.Edge.UnitTests.Fakes;

/// <summary>A tunnel that records what it is told and ends when the test says so.</summary>
internal sealed class FakeTunnel : ITunnel
{
    private readonly TaskCompletionSource<TunnelEnd> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _noStreams = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Channel<Report> _reports = Channel.CreateUnbounded<Report>();
    private readonly Channel<OpenedStream> _streams = Channel.CreateUnbounded<OpenedStream>();
    private readonly Channel<FakeSession> _sessions = Channel.CreateUnbounded<FakeSession>();
    private readonly Channel<string> _goAways = Channel.CreateUnbounded<string>();
    private TaskCompletionSource _room = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private uint _lastId;
    private int _opened;

    public sealed record OpenedStream(StreamOpening Opening, ILocalEndpoint Endpoint, FakeStream Stream);

    public TransportKind Kind { get; init; } = TransportKind.TcpTls;

    public IPEndPoint RemoteEndPoint { get; init; } = new(IPAddress.Loopback, 8443);

    public TunnelFeatures Features => TunnelFeatures.Reset | TunnelFeatures.GoAway | TunnelFeatures.Port;

    public TimeSpan? RoundTripTime { get; init; }

    public int ActiveStreams { get; set; }

    public int ActiveSessions { get; set; }

    public TunnelCounters Counters { get; set; }

    public bool IsInDoubt { get; set; }

    public bool IsLost { get; set; }

    public long Heard { get; set; }

    /// <summary>How often the hub was asked for a sign of life.</summary>
    public int Asked { get; private set; }

    /// <summary>Whether its hub can be asked.</summary>
    public bool CanAsk { get; set; } = true;

    public bool Ask()
    {
        Asked++;
        return CanAsk;
    }

    /// <summary>How often something has spoken against it.</summary>
    public int Suspected { get; private set; }

    public void Suspect() => Suspected++;

    public Task<TunnelEnd> Completion => _completion.Task;

    public int StreamsToMove { get; set; }

    /// <summary>The tunnel that its streams were moved to.</summary>
    public ITunnel? MovedTo { get; private set; }

    public Task<TunnelResumed> StreamsMoved { get; set; } = Task.FromResult(default(TunnelResumed));

    public Task StreamsSettled { get; set; } = new TaskCompletionSource().Task;

    public ITunnel? Successor { get; set; }

    /// <summary>The tunnel to which it was asked to hand over its streams while it lived.</summary>
    public ITunnel? HandedTo { get; private set; }

    public Task<int> HandOverStreamsAsync(ITunnel other)
    {
        HandedTo = other;
        return Task.FromResult(ActiveStreams);
    }

    /// <summary>What comes of it when it is to go on within another tunnel.</summary>
    public ResumeOutcome Within { get; set; } = ResumeOutcome.NotPossible;

    /// <summary>How often it was asked to go on within another tunnel, and the last one.</summary>
    public (int Times, ITunnel? Tunnel) AskedWithin { get; private set; }

    public Task<ResumeOutcome> ResumeWithinAsync(ITunnel other, CancellationToken cancellationToken)
    {
        AskedWithin = (AskedWithin.Times + 1, other);
        IsLost &= Within != ResumeOutcome.Resumed;
        IsInDoubt &= Within != ResumeOutcome.Resumed;
        return Task.FromResult(Within);
    }

    public Task MoveStreamsAsync(ITunnel other)
    {
        MovedTo = other;
        return Task.CompletedTask;
    }

    /// <summary>Completed by the test when the tunnel is to have opened nearly as many streams as it can number.</summary>
    public TaskCompletionSource Numbers { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task NumbersEnding => Numbers.Task;

    public bool Started { get; private set; }

    public bool Disposed { get; private set; }

    /// <summary>False makes OpenStream and OpenSession return null.</summary>
    public bool TakesNew { get; set; } = true;

    /// <summary>How many more streams it takes at present; null: any number.</summary>
    public int? Room { get; private set; }

    public bool HasRoom => Room != 0;

    /// <summary>Gives room for so many more streams and no others.</summary>
    public void MakeRoom(int streams)
    {
        Room = streams;
        Interlocked.Exchange(ref _room, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).TrySetResult();
    }

    public Task WaitForRoomAsync() => HasRoom ? Task.CompletedTask : _room.Task;

    /// <summary>The streams that were opened so far.</summary>
    public int Opened => Volatile.Read(ref _opened);

    /// <summary>Is done when the tunnel starts.</summary>
    public Action? OnStart { get; set; }

    public void Start()
    {
        Started = true;
        OnStart?.Invoke();
    }

    /// <summary>Runs before each stream is opened, on the thread of whoever opens it.</summary>
    public Action? BeforeOpen { get; set; }

    public ITunnelStream? OpenStream(in StreamOpening opening, ILocalEndpoint endpoint, IStreamObserver? observer)
    {
        BeforeOpen?.Invoke();
        if (!TakesNew || Room == 0)
            return null;
        Room--;
        var stream = new FakeStream(++_lastId, observer);
        _streams.Writer.TryWrite(new OpenedStream(opening, endpoint, stream));
        Interlocked.Increment(ref _opened);
        return stream;
    }

    /// <summary>Is done just before a session is opened.</summary>
    public Action? OnOpeningSession { get; set; }

    public ITunnelSession? OpenSession(in StreamOpening opening, IDatagramSink sink)
    {
        if (!TakesNew)
            return null;
        OnOpeningSession?.Invoke();
        var session = new FakeSession(++_lastId, opening, sink);
        _sessions.Writer.TryWrite(session);
        return session;
    }

    public void SendConfig(TunnelConfig config) => throw new NotSupportedException();

    /// <summary>The reports that were sent so far.</summary>
    public int Reports { get; private set; }

    public void SendReport(Report report)
    {
        Reports++;
        _reports.Writer.TryWrite(report);
    }

    public void SendGoAway(string reason) => _goAways.Writer.TryWrite(reason);

    public Task WaitForStreamsAsync(CancellationToken cancellationToken) =>
        Task.WhenAny(_noStreams.Task, _completion.Task).WaitAsync(cancellationToken);

    public Task<bool> ProbeAsync(TimeSpan timeout, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task CloseAsync(TunnelEnd end)
    {
        End(end);
        return Task.CompletedTask;
    }

    public ValueTask DisposeAsync()
    {
        Disposed = true;
        End(new TunnelEnd(TunnelEndKind.Closed, "disposed"));
        return ValueTask.CompletedTask;
    }

    public void End(TunnelEnd end) => _completion.TrySetResult(end);

    public void Lose() => End(new TunnelEnd(TunnelEndKind.ConnectionLost, "broken by the test"));

    /// <summary>Tells that the last stream has ended.</summary>
    public void FinishStreams() => _noStreams.TrySetResult();

    public Task<Report> NextReportAsync() => _reports.Reader.ReadAsync().AsTask().Soon();

    public Task<OpenedStream> NextStreamAsync() => _streams.Reader.ReadAsync().AsTask().Soon();

    public Task<FakeSession> NextSessionAsync() => _sessions.Reader.ReadAsync().AsTask().Soon();

    public Task<string> NextGoAwayAsync() => _goAways.Reader.ReadAsync().AsTask().Soon();
}
