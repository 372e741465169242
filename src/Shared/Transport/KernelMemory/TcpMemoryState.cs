namespace Tunnel.Shared.Transport.KernelMemory;

/// <summary>
/// How much of the kernel's memory for TCP is left. Each state ends well below where it began, so that it does not come and go.
/// </summary>
public enum TcpMemoryState
{
    /// <summary>Enough.</summary>
    Normal,

    /// <summary>Three quarters were in use: streams that stall have small buffers, and no window grows.</summary>
    Short,

    /// <summary>Nine tenths were in use: there are no new streams, and those that have stalled longest are reset.</summary>
    Exhausted,
}
