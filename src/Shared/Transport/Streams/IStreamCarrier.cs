namespace Tunnel.Shared.Transport.Streams;

/// <summary>
/// What carries a stream, as far as <see cref="StreamLife"/> has to ask: frames of a mux, or a stream of QUIC. It is also the stream that
/// owners see.
/// </summary>
internal interface IStreamCarrier : ITunnelStream
{
    /// <summary>The peer takes nothing at present, so that what the local peer has sent is not read. With the life's lock held.</summary>
    bool IsBlocked { get; }

    /// <summary>
    /// Since when a reset has waited that comes to what is blocked now; milliseconds of the context's clock. With the lock held.
    /// </summary>
    long BlockedSince { get; }

    /// <summary>
    /// When the peer last took something of what a reset waits behind, or 0 where that can't be told. With the lock held.
    /// </summary>
    long LastProgress { get; }

    /// <summary>
    /// The stream was reset, and something is waited for before it is forgotten (<see cref="GiveUpWaiting"/>). With the lock held.
    /// </summary>
    bool WaitsAfterReset { get; }

    /// <summary>Starts to read from the local end. Without the lock.</summary>
    void BeginReading(ILocalEndpoint endpoint);

    /// <summary>
    /// The stream is reset: nothing is read any more, and unless the peer has done it, or the tunnel is over, the peer is to hear of it.
    /// With the lock held.
    /// </summary>
    /// <param name="end">By whom and why.</param>
    /// <param name="behindData">Behind all that was sent; else it may overtake.</param>
    void PrepareReset(in StreamEnd end, bool behindData);

    /// <summary>Sends what was prepared, unless it has to wait for what was sent. Without the lock.</summary>
    void SendReset();

    /// <summary>What <see cref="WaitsAfterReset"/> was for did not come in time. Without the lock.</summary>
    void GiveUpWaiting();

    /// <summary>The local peer is gone: what has come for it is thrown away, and the peer gets its credit back. Without the lock.</summary>
    void Discard();

    /// <summary>It is over for its owner; called once, before the owner hears of it. Without the lock.</summary>
    void OnFinished(in StreamEnd end);

    /// <summary>The owner has thrown when it was told.</summary>
    void NoteDefect(Exception exception);
}
