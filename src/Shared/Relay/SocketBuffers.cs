using System.Net.Sockets;
using Tunnel.Shared.Sockets;

namespace Tunnel.Shared.Relay;

/// <summary>The kernel's buffers of one connected socket (socket(7)). Nothing throws once it is closed.</summary>
internal sealed class SocketBuffers(SafeSocketHandle socket)
{
    private const int SocketLevel = 1;
    private const int SendBuffer = 7;
    private const int ReceiveBuffer = 8;
    private const int BufferLock = 72;

    // The kernel doubles it, to have room for its own records.
    private const int SmallBytes = 16 << 10;

    private bool _small;

    /// <summary>Bytes that the kernel holds for the socket, both ways; 0 when it can't be told.</summary>
    public long Held => Try(NativeSocket.HeldBytes);

    /// <summary>
    /// Makes both small, or has the kernel tune them again, which makes them grow with what passes. One thread at a time.
    /// </summary>
    public void SetSmall(bool small)
    {
        if (small == _small)
            return;
        // Only where it can be undone (Linux 5.15); and being undone is all that the other way is.
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
