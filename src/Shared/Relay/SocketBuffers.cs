using System.Net.Sockets;
using Tunnel.Shared.Sockets;

namespace Tunnel.Shared.Relay;

/// <summary>The kernel's buffers of one connected socket (socket(7)). No member throws once the socket is closed.</summary>
internal sealed class SocketBuffers(SafeSocketHandle socket)
{
    private const int SocketLevel = 1;
    private const int SendBuffer = 7;
    private const int ReceiveBuffer = 8;
    private const int BufferLock = 72;

    // The kernel doubles this value, to have room for its own records.
    private const int SmallBytes = 16 << 10;

    private bool _small;

    /// <summary>Bytes that the kernel holds for the socket in both directions; 0 when it does not say.</summary>
    public long Held => Try(NativeSocket.HeldBytes);

    /// <summary>
    /// Makes both buffers small, or lets the kernel tune them again, so that they grow with the traffic. Only one thread at a time may call
    /// this.
    /// </summary>
    public void SetSmall(bool small)
    {
        if (small == _small)
            return;
        // Shrink the buffers only where that can be undone (since Linux 5.15). Clearing the lock is also all that is needed to undo it.
        if (Try(static handle => NativeSocket.SetOption(handle, SocketLevel, BufferLock, 0)) && small)
        {
            Try(static handle => NativeSocket.SetOption(handle, SocketLevel, ReceiveBuffer, SmallBytes));
            Try(static handle => NativeSocket.SetOption(handle, SocketLevel, SendBuffer, SmallBytes));
        }

        _small = small;
    }

    private T Try<T>(Func<SafeSocketHandle, T> action)
        where T : struct
    {
        try
        {
            return action(socket);
        }
        catch (ObjectDisposedException)
        {
            return default;
        }
    }
}
