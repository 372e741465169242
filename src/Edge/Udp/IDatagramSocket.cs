
namespace Tunnel.Edge.Udp;

/// <summary>
/// The socket of one UDP port, which never blocks. The interface is narrow because batched system calls are behind it. Only one caller at a
/// time may receive; any thread may send.
/// </summary>
internal interface IDatagramSocket : IDisposable
{
    /// <summary>The port that is bound.</summary>
    int LocalPort { get; }

    /// <summary>
    /// How many datagrams found the receive buffer full, as the kernel counts them: several from one sender may count as one. 0 once the
    /// socket is closed.
    /// </summary>
    uint Overflows { get; }

    /// <summary>Waits until <see cref="Receive"/> has something to receive.</summary>
    /// <returns>False when the socket was closed.</returns>
    ValueTask<bool> WaitReadableAsync();

    /// <summary>Receives what is waiting, up to one batch.</summary>
    /// <returns>Whether more may be waiting.</returns>
    bool Receive(IDatagramReceiver receiver);

    /// <summary>Adds a datagram to those that the calling thread sends along one path with the next <see cref="Send"/>.</summary>
    /// <param name="owner">The owner of the datagrams. Datagrams of different owners are never sent along the same path.</param>
    /// <param name="payload">The payload to send.</param>
    /// <returns>False when there is no room before the next <see cref="Send"/>.</returns>
    bool TryAdd(object owner, ReadOnlySpan<byte> payload);

    /// <summary>
    /// Sends what was added back along the path of a received datagram: to its sender, from the address that it was sent to.
    /// </summary>
    /// <returns>How many datagrams were dropped.</returns>
    int Send(object owner, in DatagramPath path);

    /// <summary>Closes it here and leaves it open for the next process.</summary>
    void Leave();
}

/// <summary>Receives the datagrams of a socket.</summary>
internal interface IDatagramReceiver
{
    /// <summary>Called with one datagram. Must not keep the span.</summary>
    /// <param name="path">Who sent it, and to which of our addresses.</param>
    /// <param name="payload">The payload.</param>
    void OnDatagram(in DatagramPath path, ReadOnlySpan<byte> payload);

    /// <summary>Called when datagrams did not fit into the buffer, which should never happen.</summary>
    void OnCut(int count);
}
