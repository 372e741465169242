using Tunnel.Shared.Protocol.Proxy;

namespace Tunnel.Shared.Transport.Moving.Tables;

/// <summary>
/// A stream as the tables of its tunnels know it: it is asked to go on elsewhere, to end, or to say what it has received.
/// </summary>
internal interface IMovable : ITunnelStream
{
    /// <summary>What has come of it.</summary>
    ReceivedBytes Received { get; }

    /// <summary>Whether the stream has ended for its owner.</summary>
    bool IsOver { get; }

    /// <summary>Whether neither end will ask for anything any more.</summary>
    bool IsSettled { get; }

    /// <summary>Whether the stream goes on over another tunnel.</summary>
    /// <param name="table">The streams of this one.</param>
    bool HasLeft(MovableStreams table);

    /// <summary>Whether the stream would wait for another tunnel, or has something to ask for, if this one were lost.</summary>
    /// <param name="table">The streams of this one.</param>
    bool Needs(MovableStreams table);

    /// <summary>Edge: goes on over another tunnel, since this one is lost.</summary>
    /// <param name="table">The streams of the tunnel that is left.</param>
    /// <param name="other">The other tunnel.</param>
    /// <returns>False when that tunnel takes no new streams now.</returns>
    bool TryMove(MovableStreams table, ITunnel other);

    /// <summary>
    /// Edge: asks the hub to go on over another tunnel while this one lives, unless the stream is on its way already or is ending.
    /// </summary>
    /// <param name="table">The streams of the tunnel that is left.</param>
    /// <param name="other">The other tunnel.</param>
    /// <returns>False when that tunnel takes no new streams now.</returns>
    bool TryHandOver(MovableStreams table, ITunnel other);

    /// <summary>Hub: goes on over a stream of another tunnel, as the edge asks.</summary>
    /// <param name="named">The streams of the tunnel that the edge names.</param>
    /// <param name="move">What the edge asks for.</param>
    /// <param name="carrier">The stream of the other tunnel.</param>
    /// <param name="table">The streams of that tunnel, if they may be moved again.</param>
    /// <returns>False, with nothing changed, when that is not possible now.</returns>
    bool TryTake(MovableStreams named, StreamMove move, ITunnelStream carrier, MovableStreams? table);

    /// <summary>The peer says how much it has received.</summary>
    /// <param name="table">The streams of the tunnel over which it says so.</param>
    /// <param name="id">The stream's number there.</param>
    /// <param name="offset">What comes before this has arrived.</param>
    /// <returns>False when that was never sent.</returns>
    bool TryAcknowledge(MovableStreams table, uint id, long offset);

    /// <summary>
    /// Finds the number by which the peer is told what has come. Where the stream goes on elsewhere, the peer is told there.
    /// </summary>
    /// <param name="table">The streams of the tunnel.</param>
    /// <param name="id">The number.</param>
    /// <returns>False when the peer is not told over this tunnel.</returns>
    bool TryFindNumber(MovableStreams table, out uint id);

    /// <summary>Forgets what was sent, since the peer will not ask for it.</summary>
    void ForgetSent();

    /// <summary>Forgets a stream that has ended in order, though the peer has not said that it has its end.</summary>
    void ForgetEnded();

    /// <summary>No tunnel has taken the stream in time, or none may: ends it, unless it goes on elsewhere.</summary>
    /// <param name="table">The streams of the tunnel that has ended.</param>
    void GiveUp(MovableStreams table);
}
