namespace Tunnel.Shared.Transport;

/// <summary>
/// One UDP flow in a tunnel: a client's address and port at one of the edge's ports. No flow control; what does not fit is dropped and
/// counted.
/// </summary>
public interface ITunnelSession
{
    /// <summary>The session's number in its tunnel.</summary>
    uint Id { get; }

    /// <summary>False once either side closed it or the tunnel was lost.</summary>
    bool IsOpen { get; }

    /// <summary>Sends one datagram of at most 65,507 bytes; the bytes are copied.</summary>
    /// <returns>False when it was dropped: counted by the tunnel, except that of a session which is not open any more.</returns>
    bool Send(ReadOnlySpan<byte> payload);

    /// <summary>
    /// Like <see cref="Send"/>, but it may wait for <see cref="Flush"/>, so that datagrams which came together leave together.
    /// </summary>
    bool Queue(ReadOnlySpan<byte> payload) => Send(payload);

    /// <summary>Sends what was queued, by this session and by others of its tunnel.</summary>
    void Flush()
    {
    }

    /// <summary>Ends the session and tells the peer. The sink is not called any more.</summary>
    void Close();
}

/// <summary>Where a session's datagrams go.</summary>
public interface IDatagramSink
{
    /// <summary>One datagram arrived. Must not block nor keep the span.</summary>
    void OnDatagram(ReadOnlySpan<byte> payload);

    /// <summary>
    /// Like <see cref="OnDatagram"/>, for one of several that came together; <see cref="OnBatchEnd"/> follows on the same thread, before
    /// another sink is called.
    /// </summary>
    void OnDatagramOfBatch(ReadOnlySpan<byte> payload) => OnDatagram(payload);

    /// <summary>The last datagram of a batch was given; the session may be over by now.</summary>
    void OnBatchEnd()
    {
    }

    /// <summary>The peer ended the session, or the tunnel was lost.</summary>
    void OnSessionClosed();
}
