namespace Tunnel.Shared.Transport.KernelMemory;

/// <summary>
/// A local socket that may hold the kernel's memory for a stream that does not move, as <see cref="TcpMemoryGuard"/> sees it.
/// </summary>
internal interface ITcpMemoryHolder
{
    /// <summary>
    /// How long the stream has been waiting, either for its peer to read or for the tunnel to take more; 0 while it moves.
    /// </summary>
    TimeSpan StalledFor { get; }

    /// <summary>Bytes of the kernel that the socket holds, both ways.</summary>
    long HeldBytes { get; }

    /// <summary>Makes the buffers small, or gives them back to the kernel's own tuning. Nothing when they are so already.</summary>
    void SetSmallBuffers(bool small);

    /// <summary>Gives the memory up: the stream is reset.</summary>
    void ResetForMemory();
}
