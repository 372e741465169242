namespace Tunnel.Shared.Transport.KernelMemory;

/// <summary>
/// How much of the kernel's memory for TCP is left. Each state ends well below the use at which it began, so that it does not flicker.
/// </summary>
public enum TcpMemoryState
{
    /// <summary>There is enough.</summary>
    Normal,

    /// <summary>Three quarters were in use: streams that stall have small buffers, and no window grows.</summary>
    Short,

    /// <summary>Nine tenths were in use: new streams are refused, and those that have stalled longest are reset.</summary>
    Exhausted,
}
