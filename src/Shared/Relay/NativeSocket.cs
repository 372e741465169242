using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Tunnel.Shared.Relay;

/// <summary>
/// The system calls that <see cref="Socket"/> has no form of: receiving and sending what goes without waiting, with the count of a partial send
/// (Socket.Send of a non-blocking socket reports would-block and loses it), and the bytes that the peer has not acknowledged. They coexist with the
/// runtime's epoll, which is edge-triggered and tries the call itself before it waits. Linux only, like the product.
/// </summary>
internal static partial class NativeSocket
{
    private const int DontWait = 0x40;
    private const int NoSignal = 0x4000;
    private const ulong OutputQueue = 0x5411;
    private const int Again = 11;
    private const int Interrupted = 4;

    /// <summary>Receives without waiting: bytes, 0 at the end, <see cref="WouldBlock"/> or <see cref="Failed"/>.</summary>
    public static unsafe int Receive(SafeSocketHandle socket, Span<byte> buffer)
    {
        fixed (byte* pointer = buffer)
        {
            while (true)
            {
                var count = recv(socket, pointer, (nuint)buffer.Length, DontWait);
                if (count >= 0) return (int)count;
                if (Error(out var retry) is var result && !retry) return result;
            }
        }
    }

    /// <summary>Sends without waiting: bytes taken, <see cref="WouldBlock"/> or <see cref="Failed"/>.</summary>
    public static unsafe int Send(SafeSocketHandle socket, ReadOnlySpan<byte> data)
    {
        fixed (byte* pointer = data)
        {
            while (true)
            {
                var count = send(socket, pointer, (nuint)data.Length, DontWait | NoSignal);
                if (count >= 0) return (int)count;
                if (Error(out var retry) is var result && !retry) return result;
            }
        }
    }

    /// <summary>Bytes written and not yet acknowledged by the peer (SIOCOUTQ); 0 when it can't be told.</summary>
    public static int Unacknowledged(SafeSocketHandle socket) => ioctl(socket, OutputQueue, out var bytes) == 0 ? bytes : 0;

    /// <summary>Nothing goes at present.</summary>
    public const int WouldBlock = -1;

    /// <summary>The connection is gone.</summary>
    public const int Failed = -2;

    private static int Error(out bool retry)
    {
        var error = Marshal.GetLastPInvokeError();
        retry = error == Interrupted;
        return error == Again ? WouldBlock : Failed;
    }

    [LibraryImport("libc", SetLastError = true)]
    private static unsafe partial nint recv(SafeSocketHandle socket, byte* buffer, nuint length, int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static unsafe partial nint send(SafeSocketHandle socket, byte* buffer, nuint length, int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int ioctl(SafeSocketHandle socket, ulong request, out int value);
}
