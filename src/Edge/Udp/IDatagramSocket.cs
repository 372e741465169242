namespace Tunnel.Edge.Udp;

/// <summary>
/// One UDP port's socket, without blocking. Narrow on purpose: batched system calls are behind it. Receiving is for one caller at a time;
/// sending is for any.
/// </summary>
internal interface IDatagramSocket : IDisposable
{
    /// <summary>The port that is bound.</summary>
    int LocalPort { get; }

    /// <summary>
    /// Datagrams that found the receive buffer full, as the kernel counts them: several of one sender may be one. 0 once it is closed.
    /// </summary>
    uint Overflows { get; }

    /// <summary>Waits until <see cref="Receive"/> has something to say.</summary>
    /// <returns>False when the socket was closed.</returns>
    ValueTask<bool> WaitReadableAsync();

    /// <summary>Takes what waits, up to a batch.</summary>
    /// <returns>Whether more may be waiting.</returns>
    bool Receive(IDatagramReceiver receiver);

    /// <summary>Adds a datagram to those that the calling thread sends along one path with the next <see cref="Send"/>.</summary>
    /// <param name="owner">Whose datagrams they are: those of another are never sent along this one's path.</param>
    /// <param name="payload">What to send.</param>
    /// <returns>False when there is no room before a <see cref="Send"/>.</returns>
    bool TryAdd(object owner, ReadOnlySpan<byte> payload);

    /// <summary>
    /// Sends what was added back along the path of a received datagram: to its sender, from the address that it was sent to.
    /// </summary>
    /// <returns>How many datagrams were dropped.</returns>
    int Send(object owner, in DatagramPath path);
}

/// <summary>Is given what a socket receives.</summary>
internal interface IDatagramReceiver
{
    /// <summary>One datagram. Must not keep the span.</summary>
    /// <param name="path">Who sent it, and to which of our addresses.</param>
    /// <param name="payload">What was sent.</param>
    void OnDatagram(in DatagramPath path, ReadOnlySpan<byte> payload);

    /// <summary>Some did not fit into the buffer, which the kernel never should have sent.</summary>
    void OnCut(int count);
}
