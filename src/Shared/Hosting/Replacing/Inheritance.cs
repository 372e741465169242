using Microsoft.Win32.SafeHandles;
using Tunnel.Shared.Sockets;

namespace Tunnel.Shared.Hosting.Replacing;

/// <summary>The sockets and state that a service has of the process before it.</summary>
public sealed record Inheritance
{
    /// <summary>Nothing: the process before, if there was one, has taken everything with it.</summary>
    public static Inheritance None { get; } = new();

    /// <summary>The sockets of its ports, and where this process leaves its own.</summary>
    public SocketStore Sockets { get; init; } = SocketStore.None;

    /// <summary>The lock of the state directory, which both processes hold for a while; null when the directory has to be taken.</summary>
    public SafeFileHandle? StateLock { get; init; }

    /// <summary>The name of the process before, while it still runs and is replaced by this one; null when none is.</summary>
    public string? Replaces { get; init; }
}
