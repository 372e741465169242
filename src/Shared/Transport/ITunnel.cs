using System.Net;
using Tunnel.Shared.Protocol;
using Tunnel.Shared.Protocol.Messages;
using Tunnel.Shared.Protocol.Proxy;

namespace Tunnel.Shared.Transport;

/// <summary>
/// One authenticated association of a hub and an edge, over any transport. It exists once the two handshake lines were exchanged; neither
/// hub nor edge knows which implementation it has.
/// </summary>
public interface ITunnel : IAsyncDisposable
{
    private static readonly Task Never = new TaskCompletionSource().Task;

    /// <summary>The transport that the tunnel runs over.</summary>
    TransportKind Kind { get; }

    /// <summary>The peer's address.</summary>
    IPEndPoint RemoteEndPoint { get; }

    /// <summary>The extensions that both sides have announced; none until HELLO.</summary>
    TunnelFeatures Features { get; }

    /// <summary>The last measured round trip, or null before the first.</summary>
    TimeSpan? RoundTripTime { get; }

    /// <summary>Streams open now.</summary>
    int ActiveStreams { get; }

    /// <summary>UDP sessions open now.</summary>
    int ActiveSessions { get; }

    /// <summary>Counts of what the tunnel has carried so far.</summary>
    TunnelCounters Counters { get; }

    /// <summary>Counts of what waits to be sent now; zeros where the transport can't tell.</summary>
    TunnelQueues Queues => default;

    /// <summary>The number of connections that the tunnel runs over.</summary>
    int Lanes => 1;

    /// <summary>
    /// True when the peer was asked for a sign of life and gave none, or when nothing that is sent arrives. The tunnel may still recover.
    /// At the hub only where it dials (<see cref="IHubTunnelHandler.WatchesEdge"/>).
    /// </summary>
    bool IsInDoubt => false;

    /// <summary>
    /// Asks the peer for a sign of life soon, since something speaks against the connection. Without one <see cref="IsInDoubt"/> becomes
    /// true. It changes nothing at a hub that leaves doubt to its edge.
    /// </summary>
    void Suspect()
    {
    }

    /// <summary>Edge only: grows with everything that comes from the hub; 0 where the transport can't tell.</summary>
    long Heard => 0;

    /// <summary>Edge only: asks the hub for a sign of life at once, which <see cref="Heard"/> shows.</summary>
    /// <returns>False when the hub can't be asked.</returns>
    bool Ask() => false;

    /// <summary>
    /// True while the connection is lost and what was open waits for another one. The tunnel ends when none comes within the agreed time.
    /// </summary>
    bool IsLost => false;

    /// <summary>Completes when the tunnel has ended, with the first reason; never faults.</summary>
    Task<TunnelEnd> Completion { get; }

    /// <summary>
    /// Edge only: completes when the ids for streams and sessions run low, long before they are used up, so that another tunnel can replace
    /// this one.
    /// </summary>
    Task NumbersEnding => Never;

    /// <summary>Starts to read and write. The owner calls this once, when it is ready for callbacks.</summary>
    void Start();

    /// <summary>Edge only: opens a stream for a client that was accepted and starts to carry it.</summary>
    /// <returns>Null when the tunnel takes no new streams (closed, going away, out of ids or at its limit); the endpoint was then not
    /// touched.</returns>
    ITunnelStream? OpenStream(in StreamOpening opening, ILocalEndpoint endpoint, IStreamObserver? observer);

    /// <summary>
    /// Edge only: false while so many streams begin or end that one more would delay the open ones; <see cref="OpenStream"/> then returns
    /// null.
    /// </summary>
    bool HasRoom => true;

    /// <summary>Edge only: completes when there is room for several streams, or when the tunnel has ended.</summary>
    Task WaitForRoomAsync() => Task.CompletedTask;

    /// <summary>Edge only: opens a UDP session.</summary>
    /// <returns>Null when the tunnel takes no new sessions.</returns>
    ITunnelSession? OpenSession(in StreamOpening opening, IDatagramSink sink);

    /// <summary>Hub only: pushes a configuration. It replaces one that was not sent yet.</summary>
    void SendConfig(TunnelConfig config);

    /// <summary>Edge only: sends a report to the hub. It is dropped where the hub has announced no extensions.</summary>
    void SendReport(Report report);

    /// <summary>Tells the peer that no new streams are wanted. Nothing is sent to a peer without the <c>goaway</c> extension.</summary>
    void SendGoAway(string reason);

    /// <summary>
    /// Completes when no stream is open any more, or when the tunnel has ended. New streams may still come unless a GOAWAY was sent.
    /// </summary>
    Task WaitForStreamsAsync(CancellationToken cancellationToken);

    /// <summary>Hub only: adds a further connection of the edge, which has said in its HELLO that it is a lane of this tunnel.</summary>
    /// <param name="index">The lane's number, from 1.</param>
    /// <param name="connection">The connection, as <see cref="IHubTunnelHandler.OnHello"/> was given it. This tunnel owns it from now
    /// on.</param>
    /// <returns>False, with nothing changed, when there is a lane with this number already, when this tunnel is ending or going away, when
    /// the number is out of range, or when it can't have lanes.</returns>
    bool TryJoin(int index, ITunnel connection) => false;

    /// <summary>
    /// Edge only: goes on over the connection of another tunnel, if this one has lost its own or is in doubt about it (protocol.md section
    /// 8).
    /// </summary>
    /// <param name="other">A tunnel to the same hub that was dialled and not started. With <see cref="ResumeOutcome.Resumed"/> and
    /// <see cref="ResumeOutcome.Failed"/> it is over; else it is still to be started.</param>
    /// <param name="cancellationToken">Gives up; the other tunnel is then over.</param>
    Task<ResumeOutcome> ResumeOverAsync(ITunnel other, CancellationToken cancellationToken) => Task.FromResult(ResumeOutcome.NotPossible);

    /// <summary>
    /// Edge only: goes on over a stream of another tunnel to the same hub, which is started, if this one has lost its connection or is in
    /// doubt about it (protocol.md section 8). Its streams can then be handed over.
    /// </summary>
    /// <returns>
    /// <see cref="ResumeOutcome.Resumed"/> too when it has a connection; <see cref="ResumeOutcome.Failed"/> when it may be tried again.
    /// </returns>
    Task<ResumeOutcome> ResumeWithinAsync(ITunnel other, CancellationToken cancellationToken) =>
        Task.FromResult(ResumeOutcome.NotPossible);

    /// <summary>Hub only: goes on over a connection whose HELLO names this tunnel.</summary>
    /// <param name="connection">The connection, as <see cref="IHubTunnelHandler.OnHello"/> was given it.</param>
    /// <param name="peer">What the edge says of its end.</param>
    /// <returns><see cref="ResumeOutcome.Resumed"/>; <see cref="ResumeOutcome.Failed"/> when the connection is over; else the edge is still
    /// to be answered, with <see cref="RefuseResume"/>.</returns>
    Task<ResumeOutcome> AcceptResumeAsync(ITunnel connection, ResumePoint peer) => Task.FromResult(ResumeOutcome.NotPossible);

    /// <summary>Hub only: tells the edge that this connection resumes nothing and is a tunnel of its own.</summary>
    void RefuseResume()
    {
    }

    /// <summary>The number of streams that wait for another tunnel, because this one was lost (protocol.md section 8).</summary>
    int StreamsToMove => 0;

    /// <summary>
    /// The part of <see cref="StreamsToMove"/> that is open for its owners, who hold sockets for it. It is cheap to ask for.
    /// </summary>
    int OpenStreamsToMove => StreamsToMove;

    /// <summary>
    /// Completes when the tunnel was lost and each stream that was open goes on over another one or has ended, with what went on; or when
    /// the tunnel has ended otherwise, with nothing.
    /// </summary>
    Task<TunnelResumed> StreamsMoved => Task.FromResult(default(TunnelResumed));

    /// <summary>Completes when the tunnel has ended and none of its streams waits for another one.</summary>
    Task StreamsSettled => Completion;

    /// <summary>
    /// Edge only: lets the streams go on over another tunnel to the same hub, which is started. A tunnel that can do so and has not ended
    /// is given up.
    /// </summary>
    /// <returns>Completes when all are on their way.</returns>
    Task MoveStreamsAsync(ITunnel other) => Task.CompletedTask;

    /// <summary>
    /// Edge only: lets the streams go on over another tunnel to the same hub, which is started, while this one lives and brings what is
    /// under way. Those that can't move stay.
    /// </summary>
    /// <returns>Completes when all were asked for, with the number of those that go on there.</returns>
    Task<int> HandOverStreamsAsync(ITunnel other) => Task.FromResult(0);

    /// <summary>
    /// Edge only: the tunnel to which <see cref="HandOverStreamsAsync"/> takes what is open here; null when it stays. UDP sessions go there
    /// when they are opened there again: the hub then ends them here.
    /// </summary>
    ITunnel? Successor => null;

    /// <summary>Hub only: lets one of this tunnel's streams go on over one that the edge has opened for it on another tunnel.</summary>
    /// <param name="move">What the edge says of its end.</param>
    /// <param name="other">The other tunnel.</param>
    /// <param name="carrier">The stream there.</param>
    /// <returns>
    /// Null when it goes on. Else why not: it was never opened here, or there is no such stream, or what both ends have kept is not enough;
    /// the carrier was then not touched.
    /// </returns>
    ResetReason? MoveStream(StreamMove move, ITunnel other, ITunnelStream carrier) => ResetReason.Refused;

    /// <summary>Hub only: asks the edge for a sign of life.</summary>
    /// <returns>True when it answered within <paramref name="timeout"/>.</returns>
    Task<bool> ProbeAsync(TimeSpan timeout, CancellationToken cancellationToken);

    /// <summary>
    /// Ends the tunnel and resets its streams; what was queued for the peer is sent first, for at most 2 s. The first reason counts.
    /// </summary>
    Task CloseAsync(TunnelEnd end);
}
