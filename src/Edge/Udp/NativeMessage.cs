using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Tunnel.Edge.Udp;

/// <summary>
/// recvmsg(2) and sendmsg(2). Needed because .NET can't choose a datagram's source address, and allocates addresses for each one that it
/// receives with packet information.
/// </summary>
internal static unsafe partial class NativeMessage
{
    public const int ErrorInterrupted = 4;

    /// <summary>MSG_DONTWAIT and, for sending, MSG_NOSIGNAL.</summary>
    private const int DontWait = 0x40;
    private const int NoSignal = 0x4000;

    /// <summary>MSG_TRUNC in <see cref="Header.Flags"/>: the datagram was longer than the buffer.</summary>
    public const int Truncated = 0x20;

    public static nint Receive(SafeSocketHandle socket, ref Header message) => ReceiveMessage(socket, ref message, DontWait);

    public static nint Send(SafeSocketHandle socket, ref Header message) => SendMessage(socket, ref message, DontWait | NoSignal);

    [LibraryImport("libc", EntryPoint = "recvmsg", SetLastError = true)]
    private static partial nint ReceiveMessage(SafeSocketHandle socket, ref Header message, int flags);

    [LibraryImport("libc", EntryPoint = "sendmsg", SetLastError = true)]
    private static partial nint SendMessage(SafeSocketHandle socket, ref Header message, int flags);

    /// <summary>struct iovec.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct Vector
    {
        public byte* Base;
        public nuint Length;
    }

    /// <summary>struct msghdr of 64-bit Linux.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct Header
    {
        public byte* Name;
        public int NameLength;
        public Vector* Vectors;
        public nuint VectorCount;
        public byte* Control;
        public nuint ControlLength;
        public int Flags;
    }
}
