namespace Tunnel.Edge.Udp;

/// <summary>
/// One UDP port's socket, without blocking. Narrow on purpose: batched system calls (recvmmsg, sendmmsg) fit behind it.
/// Receiving is for one caller at a time; sending is for any.
/// </summary>
internal interface IDatagramSocket : IDisposable
{
    /// <summary>The port that is bound.</summary>
    int LocalPort { get; }

    /// <summary>Waits until <see cref="TryReceive"/> has something to say.</summary>
    /// <returns>False when the socket was closed.</returns>
    ValueTask<bool> WaitReadableAsync();

    /// <summary>Takes one datagram; one longer than <paramref name="buffer"/> is dropped.</summary>
    /// <param name="buffer">Where it goes.</param>
    /// <param name="length">Its length, which may be 0.</param>
    /// <param name="path">Who sent it, and to which of our addresses.</param>
    /// <returns>False when there is none at present.</returns>
    bool TryReceive(Span<byte> buffer, out int length, out DatagramPath path);

    /// <summary>Sends one datagram back along the path of a received one: to its sender, from the address that it was sent to.</summary>
    /// <returns>False when it was dropped.</returns>
    bool TrySend(ReadOnlySpan<byte> payload, in DatagramPath path);
}
