namespace Tunnel.Shared.Transport.Streams;

/// <summary>
/// Bytes that have come and wait for the local socket. <see cref="LocalDelivery"/> asks with its lock held where not said otherwise.
/// </summary>
internal interface IUndelivered
{
    /// <summary>Nothing waits.</summary>
    bool IsEmpty { get; }

    /// <summary>Nothing is wanted any more.</summary>
    /// <param name="isWriting">A write is under way: the bytes that it writes stay until it has ended.</param>
    void Drop(bool isWriting);

    /// <summary>Starts to write what waits (<see cref="LocalDelivery.BeginWriting"/> was called). Without the lock.</summary>
    void Drain(ILocalEndpoint endpoint);
}
