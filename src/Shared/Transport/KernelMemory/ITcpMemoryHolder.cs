namespace Tunnel.Shared.Transport.KernelMemory;

/// <summary>A local socket that may hold kernel memory for a stream that does not move, as <see cref="TcpMemoryGuard"/> sees it.</summary>
internal interface ITcpMemoryHolder
{
    /// <summary>
    /// How long the stream has been waiting, either for its peer to read or for the tunnel to take more; 0 while it moves.
    /// </summary>
    TimeSpan StalledFor { get; }

    /// <summary>Bytes of kernel memory that the socket holds in both directions.</summary>
    long HeldBytes { get; }

    /// <summary>Makes the buffers small, or returns them to the kernel's own tuning. Does nothing when they are so already.</summary>
    void SetSmallBuffers(bool small);

    /// <summary>Frees the memory by resetting the stream.</summary>
    void ResetForMemory();
}
