namespace Tunnel.Shared.Transport;

/// <summary>
/// One UDP flow in a tunnel: a client's address and port at one of the edge's ports. There is no flow control; datagrams that do not fit
/// are dropped and counted.
/// </summary>
public interface ITunnelSession
{
    /// <summary>The session's number in its tunnel.</summary>
    uint Id { get; }

    /// <summary>False once either side closed it or the tunnel was lost.</summary>
    bool IsOpen { get; }

    /// <summary>Sends one datagram of at most 65,507 bytes; the bytes are copied.</summary>
    /// <returns>False when the datagram was dropped. The tunnel counts it, unless the session is no longer open.</returns>
    bool Send(ReadOnlySpan<byte> payload);

    /// <summary>
    /// Like <see cref="Send"/>, but the datagram may wait for <see cref="Flush"/>, so that datagrams that came together leave together.
    /// </summary>
    bool Queue(ReadOnlySpan<byte> payload) => Send(payload);

    /// <summary>Sends what was queued, by this session and by others of its tunnel.</summary>
    void Flush()
    {
    }

    /// <summary>Ends the session and tells the peer. The sink is not called any more.</summary>
    void Close();
}

/// <summary>Receives a session's datagrams.</summary>
public interface IDatagramSink
{
    /// <summary>One datagram has arrived. Implementations must not block and must not keep the span.</summary>
    void OnDatagram(ReadOnlySpan<byte> payload);

    /// <summary>
    /// Like <see cref="OnDatagram"/>, but for one of several that came together; <see cref="OnBatchEnd"/> follows on the same thread,
    /// before another sink is called.
    /// </summary>
    void OnDatagramOfBatch(ReadOnlySpan<byte> payload) => OnDatagram(payload);

    /// <summary>The last datagram of a batch was delivered; the session may have ended by now.</summary>
    void OnBatchEnd()
    {
    }

    /// <summary>The peer ended the session, or the tunnel was lost.</summary>
    void OnSessionClosed();

    /// <summary>The tunnel was lost, and what was open on it may go on over another one. Called instead of the above.</summary>
    void OnSessionLost() => OnSessionClosed();
}
