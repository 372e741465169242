namespace Tunnel.Shared.Transport.Streams;

/// <summary>
/// Bytes that have come and wait for the local socket. <see cref="LocalDelivery"/> calls all members with its lock held, unless they say
/// otherwise.
/// </summary>
internal interface IUndelivered
{
    /// <summary>True when no bytes wait.</summary>
    bool IsEmpty { get; }

    /// <summary>Drops all bytes, which are no longer wanted.</summary>
    /// <param name="isWriting">True when a write is under way: its bytes must stay until it has ended.</param>
    void Drop(bool isWriting);

    /// <summary>Starts to write the waiting bytes, after <see cref="LocalDelivery.BeginWriting"/>. Called without the lock.</summary>
    void Drain(ILocalEndpoint endpoint);
}
