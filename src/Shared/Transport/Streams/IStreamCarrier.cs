namespace Tunnel.Shared.Transport.Streams;

/// <summary>
/// What carries a stream, as <see cref="StreamLife"/> sees it: frames of a mux, or a stream of QUIC. It is also the stream that owners see.
/// </summary>
internal interface IStreamCarrier : ITunnelStream
{
    /// <summary>True while the peer takes nothing, so that bytes of the local peer are not read. Used with the life's lock held.</summary>
    bool IsBlocked { get; }

    /// <summary>
    /// When the present blockage began, in milliseconds of the context's clock: a reset behind it counts its wait from then. Used with the
    /// lock held.
    /// </summary>
    long BlockedSince { get; }

    /// <summary>
    /// When the peer last took some of the data that a reset waits behind, or 0 where that is not known. Used with the lock held.
    /// </summary>
    long LastProgress { get; }

    /// <summary>
    /// True when the stream was reset and still waits for something before it is forgotten (<see cref="GiveUpWaiting"/>). Used with the
    /// lock held.
    /// </summary>
    bool WaitsAfterReset { get; }

    /// <summary>
    /// Counts the stream among those of its tunnel, and its end. It is called for a stream that is all of a client's connection, and for
    /// none that carries a part of one (Moving/MovableStream), or the connection of another tunnel. Called without the lock.
    /// </summary>
    void CountIn(TrafficMeter traffic);

    /// <summary>Starts to read from the local end. Called without the lock.</summary>
    void BeginReading(ILocalEndpoint endpoint);

    /// <summary>
    /// Prepares a reset: nothing is read any more, and the peer must be told unless it made the reset itself or the tunnel has ended.
    /// Called with the lock held.
    /// </summary>
    /// <param name="end">Who ended the stream, and why.</param>
    /// <param name="behindData">True when the reset must follow all data that was sent; else it may overtake the data.</param>
    void PrepareReset(in StreamEnd end, bool behindData);

    /// <summary>Sends the prepared reset, unless it has to wait for data that was sent before. Called without the lock.</summary>
    void SendReset();

    /// <summary>Ends the wait of <see cref="WaitsAfterReset"/>, which took too long. Called without the lock.</summary>
    void GiveUpWaiting();

    /// <summary>
    /// Discards what has come for the local peer, which is gone, and gives the peer its credit back. Called without the lock.
    /// </summary>
    void Discard();

    /// <summary>The stream has ended for its owner. Called once, before the owner is told, without the lock.</summary>
    void OnFinished(in StreamEnd end);

    /// <summary>Notes that the owner has thrown when it was told of the end.</summary>
    void NoteDefect(Exception exception);
}
