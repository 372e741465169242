using Tunnel.FuzzTests.Targets;
using Tunnel.Shared.Protocol.Messages;
using Tunnel.Shared.Transport;
using Tunnel.Shared.Transport.Handshake;
using Tunnel.Shared.Transport.Mux;
using Tunnel.TestUtilities;
using Tunnel.TestUtilities.Mux;
using TransportContext = Tunnel.Shared.Transport.TransportContext;

namespace Tunnel.FuzzTests.Mux;

/// <summary>
/// A hub's and an edge's end of one tunnel, joined in memory, with clients and upstreams. Nothing moves but what is told to: bytes of the
/// tunnel, bytes of local ends, and time.
/// </summary>
internal sealed class MuxWorld : IHubTunnelHandler, IEdgeTunnelHandler
{
    public const int MaxFlows = 32;

    private static readonly TimeSpan TurnLimit = TimeSpan.FromSeconds(20);

    private static readonly StreamOpening Opening = new(ProxyTargets.Client, ProxyTargets.Server, 443);

    private readonly DefectWatch _watch = new();
    private readonly MemoryEnd _hubEnd = new();
    private readonly MemoryEnd _edgeEnd = new();
    private readonly List<ITunnelStream> _unattached = [];
    private ManualTimeProvider _time;
    private TransportContext _hubContext;
    private TransportContext _edgeContext;

    public MuxWorld() => (_time, _hubContext, _edgeContext) = NewContexts();

    public MuxTunnel Hub { get; private set; } = null!;

    public MuxTunnel Edge { get; private set; } = null!;

    /// <summary>Clients by the number of their stream, from 0.</summary>
    public List<(ITunnelStream Stream, ScriptedEndpoint Client)> Clients { get; } = [];

    /// <summary>Upstreams as they were attached.</summary>
    public List<(ITunnelStream Stream, ScriptedEndpoint Upstream)> Upstreams { get; } = [];

    public List<ITunnelSession> EdgeSessions { get; } = [];

    public List<ITunnelSession> HubSessions { get; } = [];

    /// <summary>Whether local ends must hear what was said: not so when bytes on the way are changed.</summary>
    public bool Checks { get; private set; }

    public void Start(bool extended, bool checks)
    {
        DefectWatch.Forget();
        Checks = checks;
        Clients.Clear();
        Upstreams.Clear();
        EdgeSessions.Clear();
        HubSessions.Clear();
        _unattached.Clear();
        _hubEnd.Tls.Restart();
        _edgeEnd.Tls.Restart();
        Hub = new MuxTunnel(_hubEnd.Connection, "hub", isEdge: false, _hubContext, this, default);
        Edge = new MuxTunnel(_edgeEnd.Connection, "edge", isEdge: true, _edgeContext, this, default);
        if (extended)
        {
            Edge.UseHub(
                TunnelProtocol.CreateHubInfo(_hubContext, "fuzz", "tunnel-1", 1),
                new Hello
                {
                    Version = "fuzz",
                    Features = FeatureNames.Format(TunnelProtocol.SupportedFeatures),
                    MaxFrame = TunnelTerms.OwnMaxFrame,
                    InitialWindow = _edgeContext.Options.InitialWindow,
                });
        }

        Hub.Start();
        Edge.Start();
    }

    public void OpenClient()
    {
        if (Clients.Count == MaxFlows)
            return;

        // This is what the stream's id will be: the hub's end knows the stream by it. Sessions take their ids from the same counter.
        var number = Clients.Count + EdgeSessions.Count + 1;
        var client = new ScriptedEndpoint(2 * number, (2 * number) + 1) { Checks = Checks };
        if (Edge.OpenStream(Opening, client, null) is { } stream)
            Clients.Add((stream, client));
    }

    /// <summary>Connects the upstream of the oldest stream that has none, or refuses it.</summary>
    public void AnswerOpen(bool refuse)
    {
        if (_unattached.Count == 0)
            return;
        var stream = _unattached[0];
        _unattached.RemoveAt(0);
        if (refuse)
        {
            stream.Reset(Tunnel.Shared.Protocol.ResetReason.Refused);
            return;
        }

        var number = (int)stream.Id;
        var upstream = new ScriptedEndpoint((2 * number) + 1, 2 * number) { Checks = Checks };
        Upstreams.Add((stream, upstream));
        stream.Attach(upstream);
    }

    public void OpenSession()
    {
        if (EdgeSessions.Count < MaxFlows && Edge.OpenSession(Opening, new Sink()) is { } session)
            EdgeSessions.Add(session);
    }

    public bool CarryToHub(int atMost = int.MaxValue) => Carry(_edgeEnd, _hubEnd, atMost);

    public bool CarryToEdge(int atMost = int.MaxValue) => Carry(_hubEnd, _edgeEnd, atMost);

    /// <summary>
    /// Returns when a reader or writer that has let others have their turn after much at once goes on, on another thread.
    /// </summary>
    public void WaitForTurns()
    {
        Wait(Hub, _hubEnd);
        Wait(Edge, _edgeEnd);
    }

    /// <summary>The bytes on their way to one of the ends.</summary>
    public MemoryTls OnTheWay(bool toHub) => (toHub ? _edgeEnd : _hubEnd).Tls;

    public void Advance(TimeSpan by)
    {
        WaitForTurns();
        _time.Advance(by);
    }

    /// <summary>Moves all that can move without further words.</summary>
    public void Settle()
    {
        for (var moved = true; moved;)
        {
            moved = CarryToHub() | CarryToEdge();
            foreach (var (_, client) in Clients)
                moved |= client.EndWaitingWrite();
            foreach (var (_, upstream) in Upstreams)
                moved |= upstream.EndWaitingWrite();
        }
    }

    /// <summary>Ends the script: everybody says its end and takes what comes, time passes, and the tunnel is closed.</summary>
    public void Finish(bool mustComplete)
    {
        while (_unattached.Count > 0)
            AnswerOpen(refuse: false);
        for (var second = 0; second < 40; second++)
        {
            Settle();
            while (_unattached.Count > 0)
                AnswerOpen(refuse: false);
            foreach (var (_, end) in Clients.Concat(Upstreams))
            {
                end.GiveRoom(int.MaxValue / 2);
                end.SayEnd();
            }

            Settle();
            if (Hub.ActiveStreams + Edge.ActiveStreams == 0 || Hub.IsDead || Edge.IsDead)
                break;
            Advance(TimeSpan.FromSeconds(1));
        }

        _watch.ThrowIfAny();
        if (mustComplete)
            CheckCompleted();
        Close();
    }

    void ITunnelHandler.OnGoAway(ITunnel tunnel, GoAway goAway)
    {
    }

    void IHubTunnelHandler.OnHello(ITunnel tunnel, Hello hello)
    {
    }

    void IHubTunnelHandler.OnReport(ITunnel tunnel, Report report)
    {
    }

    void IHubTunnelHandler.OnStreamOpened(ITunnel tunnel, ITunnelStream stream, in StreamOpening opening) => _unattached.Add(stream);

    IDatagramSink? IHubTunnelHandler.OnSessionOpened(ITunnel tunnel, ITunnelSession session, in StreamOpening opening)
    {
        if (HubSessions.Count == MaxFlows)
            return null;
        HubSessions.Add(session);
        return new Sink();
    }

    void IEdgeTunnelHandler.OnConfig(ITunnel tunnel, TunnelConfig config)
    {
    }

    // Two ends of ours, over a way that changes nothing, find no fault with each other, and have heard what was said.
    private void CheckCompleted()
    {
        Check.That(!Hub.IsDead, "the hub's end lives on");
        Check.That(!Edge.IsDead, "the edge's end lives on");
        Check.Equal(0, Hub.ActiveStreams, "streams that the hub has not finished");
        Check.Equal(0, Edge.ActiveStreams, "streams that the edge has not finished");
        foreach (var (stream, upstream) in Upstreams)
        {
            var client = Clients.First(entry => entry.Stream.Id == stream.Id).Client;
            if (!client.IsClosed || !upstream.IsClosed)
                continue;
            Check.Equal(client.Said, upstream.Heard, "all that the client said was heard");
            Check.Equal(upstream.Said, client.Heard, "all that the upstream said was heard");
        }
    }

    private bool Carry(MemoryEnd from, MemoryEnd to, int atMost)
    {
        WaitForTurns();
        var carried = to.TakeFrom(from, atMost);
        WaitForTurns();
        return carried;
    }

    // The reader comes first: what it reads makes work for the writer.
    private static void Wait(MuxTunnel tunnel, MemoryEnd end)
    {
        if (!end.Tls.IsWaiting && !tunnel.Reading.IsCompleted)
            Check.That(SpinWait.SpinUntil(() => end.Tls.IsWaiting || tunnel.Reading.IsCompleted, TurnLimit), "a reader goes on or ends");
        var idle = tunnel.Core.WaitIdleAsync();
        if (!idle.IsCompleted)
            Check.That(idle.Wait(TurnLimit), "a writer ends");
    }

    private void Close()
    {
        WaitForTurns();
        _hubEnd.Tls.Give(default);
        _edgeEnd.Tls.Give(default);
        WaitForTurns();
        foreach (var (_, end) in Clients.Concat(Upstreams))
            end.EndWaitingWrite();
        Advance(TimeSpan.FromMinutes(1));
        foreach (var (_, end) in Clients.Concat(Upstreams))
            end.EndWaitingWrite();
        _watch.ThrowIfAny();
        var ended = Hub.Completion.IsCompleted && Edge.Completion.IsCompleted;
        var left = Left(_hubContext) + Left(_edgeContext);
        if (!ended || left != 0)
            (_time, _hubContext, _edgeContext) = NewContexts();
        Check.That(ended, "a tunnel ends when its connection does");
        Check.Equal(0, left, "memory, windows and active streams after the end");
        Check.Equal(0, Hub.ActiveSessions + Edge.ActiveSessions, "sessions after the end");
    }

    private static long Left(TransportContext context) => context.Flow.Budget.Used + context.Flow.Grown + context.Flow.ActiveStreams;

    private (ManualTimeProvider Time, TransportContext Hub, TransportContext Edge) NewContexts()
    {
        var time = new ManualTimeProvider();
        return (time, new TransportContext(new FlowControlOptions(), time, _watch),
            new TransportContext(new FlowControlOptions(), time, _watch));
    }

    private sealed class Sink : IDatagramSink
    {
        public void OnDatagram(ReadOnlySpan<byte> payload)
        {
        }

        public void OnSessionClosed()
        {
        }
    }
}
