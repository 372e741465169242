using System.Net;
using Tunnel.Shared.Protocol.Messages;

namespace Tunnel.Shared.Transport;

/// <summary>
/// One authenticated association of a hub and an edge, over whatever transport. Made after the two handshake lines; neither hub nor edge
/// knows which implementation it has.
/// </summary>
public interface ITunnel : IAsyncDisposable
{
    private static readonly Task Never = new TaskCompletionSource().Task;

    /// <summary>What it runs over.</summary>
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

    /// <summary>What was carried so far.</summary>
    TunnelCounters Counters { get; }

    /// <summary>What waits to be sent now; nothing where the transport can't tell.</summary>
    TunnelQueues Queues => default;

    /// <summary>Connections that it runs over.</summary>
    int Lanes => 1;

    /// <summary>
    /// Edge only: the hub was asked for a sign of life and gave none, or nothing of what is sent arrives. It may still come back.
    /// </summary>
    bool IsInDoubt => false;

    /// <summary>Completes when the tunnel is over, with the first reason; never faults.</summary>
    Task<TunnelEnd> Completion { get; }

    /// <summary>
    /// Edge only: completes when so many streams or sessions were opened that the numbers for them come to an end, long before they are
    /// used up: it is time for another tunnel.
    /// </summary>
    Task NumbersEnding => Never;

    /// <summary>Starts to read and write. Called once, when the owner is ready for callbacks.</summary>
    void Start();

    /// <summary>Edge only: opens a stream for a client that was accepted and starts to carry it.</summary>
    /// <returns>Null when the tunnel takes no new streams (closed, going away, out of ids or at its limit); the endpoint was not touched
    /// then.</returns>
    ITunnelStream? OpenStream(in StreamOpening opening, ILocalEndpoint endpoint, IStreamObserver? observer);

    /// <summary>
    /// Edge only: false while so many streams begin or end that one more would hold up those that are open; then <see cref="OpenStream"/>
    /// gives null.
    /// </summary>
    bool HasRoom => true;

    /// <summary>Edge only: completes when there is room for several streams, or the tunnel is over.</summary>
    Task WaitForRoomAsync() => Task.CompletedTask;

    /// <summary>Edge only: opens a UDP session.</summary>
    /// <returns>Null when the tunnel takes no new sessions.</returns>
    ITunnelSession? OpenSession(in StreamOpening opening, IDatagramSink sink);

    /// <summary>Hub only: pushes a configuration. One not yet sent is replaced.</summary>
    void SendConfig(TunnelConfig config);

    /// <summary>Edge only: reports to the hub. Dropped where the hub has announced no extensions.</summary>
    void SendReport(Report report);

    /// <summary>Tells the peer that no new streams are wanted. Nothing is sent to a peer without the <c>goaway</c> extension.</summary>
    void SendGoAway(string reason);

    /// <summary>
    /// Completes when no stream is open any more, or the tunnel is over. New streams may still come unless a GOAWAY was sent.
    /// </summary>
    Task WaitForStreamsAsync(CancellationToken cancellationToken);

    /// <summary>
    /// Hub only: takes in a further connection of the edge, which has said in its HELLO that it is a lane of this tunnel.
    /// </summary>
    /// <param name="index">Its number, from 1.</param>
    /// <param name="lane">The connection, a tunnel of the same transport. It is this tunnel's from now on.</param>
    /// <returns>False when there is one with this number, when this tunnel is ending or going away, or can't have any; nothing was changed
    /// then.</returns>
    bool TryJoin(int index, ITunnel lane) => false;

    /// <summary>Hub only: asks the edge for a sign of life.</summary>
    /// <returns>True when it answered within <paramref name="timeout"/>.</returns>
    Task<bool> ProbeAsync(TimeSpan timeout, CancellationToken cancellationToken);

    /// <summary>
    /// Ends the tunnel and resets its streams; what was queued for the peer is sent first, for at most 2 s. The first reason counts.
    /// </summary>
    Task CloseAsync(TunnelEnd end);
}
