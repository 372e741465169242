using System.Net;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Tunnel.Shared.Protocol;
using Tunnel.Shared.Protocol.Messages;
using Tunnel.Shared.Transport;
using Tunnel.Shared.Transport.Handshake;
using TransportContext = Tunnel.Shared.Transport.TransportContext;

namespace Tunnel.TestUtilities.Mux;

/// <summary>
/// A hub's and an edge's end of one mux, with clients and upstreams, in virtual time and without a socket. Nothing moves but what a test
/// moves: bytes of the carrier, bytes of local ends, and time; and the carrier breaks at whatever byte the test wants, in each direction.
/// </summary>
internal sealed class MuxPair : IStreamObserver
{
    private static readonly StreamOpening Opening = new(IPEndPoint.Parse("192.0.2.1:40000"), IPEndPoint.Parse("198.51.100.1:443"), 443);

    private readonly Queue<ITunnelStream> _unanswered = new();

    /// <param name="extended">Whether both announce the extensions; else the hub is a base peer's.</param>
    /// <param name="options">The windows and memory of both; null: the defaults.</param>
    /// <param name="log">The log of the transports, or null.</param>
    /// <param name="grace">How long they keep what is open when the carrier breaks; zero for not at all.</param>
    /// <param name="underWay">How many bytes the carrier takes from each end before somebody carries them.</param>
    /// <param name="beside">A pair whose processes and clock this one shares.</param>
    /// <param name="edge">The edge's id, and the hub's name at the edge; pairs of one name are tunnels of one edge.</param>
    public MuxPair(
        bool extended = true, FlowControlOptions? options = null, ILoggerFactory? log = null, TimeSpan grace = default,
        int underWay = 256 << 10, MuxPair? beside = null, string? edge = null)
    {
        Time = beside?.Time ?? new ManualTimeProvider();
        HubContext = beside?.HubContext ?? NewContext();
        EdgeContext = beside?.EdgeContext ?? NewContext();
        Hub = new MuxEnd(isEdge: false, HubContext, edge)
        {
            OnStream = _unanswered.Enqueue,
            OnSession = OnSession,
            MostUnderWay = underWay,
        };
        Edge = new MuxEnd(isEdge: true, EdgeContext, edge) { MostUnderWay = underWay };

        TransportContext NewContext() =>
            new(options ?? new FlowControlOptions(), Time, log ?? NullLoggerFactory.Instance) { ResumeGrace = grace };

        if (!extended)
            return;
        Edge.Endpoint.UseHub(
            TunnelProtocol.CreateHubInfo(HubContext, "test", "tunnel-1", 1),
            TunnelProtocol.Complete(new Hello { Version = "test" }, EdgeContext, TunnelProtocol.FeaturesOf(EdgeContext)));
        lock (Edge.Endpoint.Core.Sync)
            Edge.Endpoint.SayHello();
        Edge.Endpoint.Core.Wake();
    }

    public ManualTimeProvider Time { get; }

    public TransportContext HubContext { get; }

    public TransportContext EdgeContext { get; }

    public MuxEnd Hub { get; }

    public MuxEnd Edge { get; }

    /// <summary>Clients in the order in which they came.</summary>
    public List<(ITunnelStream Stream, ScriptedEndpoint End)> Clients { get; } = [];

    /// <summary>Upstreams in the order in which they were connected.</summary>
    public List<(ITunnelStream Stream, ScriptedEndpoint End)> Upstreams { get; } = [];

    public List<ITunnelSession> EdgeSessions { get; } = [];

    public List<ITunnelSession> HubSessions { get; } = [];

    /// <summary>The end of each stream that has ended, at either side, in the order in which it was told.</summary>
    public List<(ITunnelStream Stream, StreamEnd End)> Ends { get; } = [];

    /// <summary>The streams that the hub has heard of and not answered.</summary>
    public int Unanswered => _unanswered.Count;

    void IStreamObserver.OnStreamClosed(ITunnelStream stream, in StreamEnd end) => Ends.Add((stream, end));

    // ---- clients and upstreams

    /// <returns>Null when the edge can't open one.</returns>
    public ScriptedEndpoint? OpenClient()
    {
        // This is what the stream's id will be: its upstream knows by it what to say and to hear. Sessions take theirs from the same
        // counter.
        var number = Clients.Count + EdgeSessions.Count + 1;
        var client = new ScriptedEndpoint(2 * number, (2 * number) + 1);
        if (Edge.Endpoint.OpenStream(Opening, client, this) is not { } stream)
            return null;
        Clients.Add((stream, client));
        return client;
    }

    /// <summary>Connects an upstream to the oldest stream that waits for one.</summary>
    public ScriptedEndpoint? ConnectUpstream()
    {
        if (!_unanswered.TryDequeue(out var stream))
            return null;
        stream.Observer = this;
        var number = (int)stream.Id;
        var upstream = new ScriptedEndpoint((2 * number) + 1, 2 * number);
        Upstreams.Add((stream, upstream));
        stream.Attach(upstream);
        return upstream;
    }

    /// <summary>Refuses the oldest stream that waits for its upstream.</summary>
    public void RefuseUpstream()
    {
        if (!_unanswered.TryDequeue(out var stream))
            return;
        stream.Observer = this;
        stream.Reset(ResetReason.Refused);
    }

    public ITunnelSession? OpenSession()
    {
        if (Edge.Endpoint.OpenSession(Opening, new NoSink()) is not { } session)
            return null;
        EdgeSessions.Add(session);
        return session;
    }

    // ---- what moves

    /// <summary>Carries bytes from one end to the other, and does what they give rise to.</summary>
    /// <returns>True when something moved.</returns>
    public bool Carry(bool toHub, int atMost = int.MaxValue)
    {
        var (from, to) = toHub ? (Edge, Hub) : (Hub, Edge);
        var moved = Run();
        if (Hub.Endpoint.Core.IsDetached || Edge.Endpoint.Core.IsDetached)
            return moved;
        var count = Math.Min(from.Sent.Length, atMost);
        if (count > 0)
            to.Hear(from.Sent.Bytes[..count]);
        from.Sent.Take(count);
        return Run() | moved | (count > 0);
    }

    /// <summary>
    /// Does all that can be done without the carrier: what was heard is looked at, and what is to be said waits to be carried.
    /// </summary>
    public bool Run()
    {
        var moved = false;
        while (Hub.Run() | Edge.Run() | EndWrites())
            moved = true;
        return moved;
    }

    /// <summary>Moves all that can move without further words.</summary>
    public void Settle()
    {
        while (Carry(toHub: true) | Carry(toHub: false))
        {
        }
    }

    /// <summary>Lets time pass while the carrier stands still.</summary>
    public void Advance(TimeSpan by)
    {
        Run();
        Time.Advance(by);
        Run();
    }

    /// <summary>
    /// Breaks the carrier: of what is under way so many bytes still arrive, and neither end hears anything of the other any more.
    /// </summary>
    public void Break(int toHub = 0, int toEdge = 0)
    {
        Run();
        Hub.Hear(Edge.Sent.Bytes[..Math.Min(toHub, Edge.Sent.Length)]);
        Edge.Hear(Hub.Sent.Bytes[..Math.Min(toEdge, Hub.Sent.Length)]);
        while (Hub.Read() | Edge.Read())
        {
        }

        Hub.Lose(new TunnelEnd(TunnelEndKind.ConnectionLost, "the carrier broke"));
        Edge.Lose(new TunnelEnd(TunnelEndKind.ConnectionLost, "the carrier broke"));
        Run();
    }

    /// <summary>Breaks the connection as in <see cref="Break"/>, and lets both ends wait for another one.</summary>
    /// <param name="toHub">Bytes under way that still arrive at the hub.</param>
    /// <param name="toEdge">Bytes under way that still arrive at the edge.</param>
    public void Cut(int toHub = 0, int toEdge = 0)
    {
        Run();
        Hub.Hear(Edge.Sent.Bytes[..Math.Min(toHub, Edge.Sent.Length)]);
        Edge.Hear(Hub.Sent.Bytes[..Math.Min(toEdge, Hub.Sent.Length)]);
        while (Hub.Read() | Edge.Read())
        {
        }

        Hub.Detach();
        Edge.Detach();
        Run();
    }

    /// <summary>Lets both ends go on over another connection.</summary>
    /// <returns>False when one of them can't.</returns>
    public bool Resume()
    {
        Hub.Detach();
        Edge.Detach();
        var (hub, edge) = (Hub.Endpoint.Change.OnQuiet(), Edge.Endpoint.Change.OnQuiet());
        if (!Hub.Endpoint.Change.CanResume(edge) || !Edge.Endpoint.Change.CanResume(hub))
            return false;
        Hub.Endpoint.Change.Attach(edge);
        Edge.Endpoint.Change.Attach(hub);
        foreach (var core in new[] { Hub.Endpoint.Core, Edge.Endpoint.Core })
        {
            lock (core.Sync)
                core.Speak();
            core.Wake();
        }

        Run();
        return true;
    }

    // ---- what has to hold

    /// <summary>Checks after the end of both that nothing is held for what was open, at either side.</summary>
    /// <exception cref="PropertyException">Something is held.</exception>
    public void CheckNothingIsLeft()
    {
        foreach (var (end, context, name) in new[] { (Hub, HubContext, "hub"), (Edge, EdgeContext, "edge") })
        {
            Demand(end.Defects.Count == 0, $"{name}: a mistake inside: {end.Defects.FirstOrDefault()}");
            Demand(end.Endpoint.ActiveStreams == 0, $"{name}: {end.Endpoint.ActiveStreams} streams are not over");
            Demand(end.Endpoint.ActiveSessions == 0, $"{name}: {end.Endpoint.ActiveSessions} sessions are open");
            Demand(end.Endpoint.Streams.All.Count == 0, $"{name}: {end.Endpoint.Streams.All.Count} streams are in the table");
            var flow = context.Flow;
            Demand(flow.Budget.Used == 0, $"{name}: {flow.Budget.Used} bytes of the budget are taken");
            Demand(flow.Grown == 0, $"{name}: windows are {flow.Grown} bytes above their start");
            Demand(flow.ActiveStreams == 0, $"{name}: {flow.ActiveStreams} streams count as active");
        }
    }

    private static void Demand(bool holds, string property)
    {
        if (!holds)
            throw new PropertyException(property);
    }

    private bool EndWrites()
    {
        var ended = false;
        foreach (var (_, end) in Clients)
            ended |= end.EndWaitingWrite();
        foreach (var (_, end) in Upstreams)
            ended |= end.EndWaitingWrite();
        return ended;
    }

    private NoSink OnSession(ITunnelSession session)
    {
        HubSessions.Add(session);
        return new NoSink();
    }

    private sealed class NoSink : IDatagramSink
    {
        public void OnDatagram(ReadOnlySpan<byte> payload)
        {
        }

        public void OnSessionClosed()
        {
        }
    }
}
