using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Tunnel.Shared.Sockets;

/// <summary>
/// recvmmsg(2), sendmmsg(2) and the socket options of udp(7), with the layouts of 64-bit Linux. They are needed because .NET can neither
/// move several datagrams with one system call nor choose a datagram's source address, and allocates an address for each that it receives.
/// </summary>
internal static unsafe partial class NativeDatagrams
{
    /// <summary>MSG_TRUNC in <see cref="Header.Flags"/>: the datagram was longer than the buffer.</summary>
    public const int Truncated = 0x20;

    public const int LevelUdp = 17;
    public const int UdpSegment = 103;
    public const int UdpGro = 104;

    public const int ErrorInterrupted = 4;
    public const int ErrorIo = 5;
    public const int ErrorAgain = 11;
    public const int ErrorInvalid = 22;
    public const int ErrorMessageSize = 90;
    public const int ErrorProtocolOption = 92;
    public const int ErrorNotSupported = 95;
    public const int ErrorNetworkUnreachable = 101;
    public const int ErrorNoBuffers = 105;
    public const int ErrorConnectionRefused = 111;
    public const int ErrorHostUnreachable = 113;

    private const int SocketLevel = 1;

    // SO_MEMINFO: nine numbers, of which SK_MEMINFO_DROPS is the last.
    private const int MemoryInfo = 55;
    private const int MemoryFigures = 9;
    private const int DropFigure = 8;

    private const int DontWait = 0x40;
    private const int NoSignal = 0x4000;

    /// <summary>Receives without waiting. Returns the number of datagrams, or −1 and the error.</summary>
    public static int Receive(SafeSocketHandle socket, Message* messages, int count, out int error)
    {
        int received;
        do
        {
            received = ReceiveMessages(socket, messages, (uint)count, DontWait, null);
            error = received < 0 ? Marshal.GetLastPInvokeError() : 0;
        }
        while (error == ErrorInterrupted);

        return received;
    }

    /// <summary>
    /// Sends without waiting. Returns the number of messages sent (the first that can't be sent ends the call), or −1 and the error of the
    /// first.
    /// </summary>
    public static int Send(SafeSocketHandle socket, Message* messages, int count, out int error)
    {
        int sent;
        do
        {
            sent = SendMessages(socket, messages, (uint)count, DontWait | NoSignal);
            error = sent < 0 ? Marshal.GetLastPInvokeError() : 0;
        }
        while (error == ErrorInterrupted);

        return sent;
    }

    /// <summary>
    /// Datagrams that the kernel has dropped because the socket's receive buffer was full; 0 where the kernel does not say (before Linux
    /// 4.12).
    /// </summary>
    public static uint Overflows(SafeSocketHandle socket)
    {
        var figures = stackalloc uint[MemoryFigures];
        uint length = MemoryFigures * sizeof(uint);
        return GetOption(socket, SocketLevel, MemoryInfo, figures, ref length) == 0 && length > DropFigure * sizeof(uint)
            ? figures[DropFigure]
            : 0;
    }

    [LibraryImport("libc", EntryPoint = "recvmmsg", SetLastError = true)]
    private static partial int ReceiveMessages(SafeSocketHandle socket, Message* messages, uint count, int flags, void* timeout);

    [LibraryImport("libc", EntryPoint = "sendmmsg", SetLastError = true)]
    private static partial int SendMessages(SafeSocketHandle socket, Message* messages, uint count, int flags);

    [LibraryImport("libc", EntryPoint = "getsockopt", SetLastError = true)]
    private static partial int GetOption(SafeSocketHandle socket, int level, int option, void* value, ref uint length);

    /// <summary>struct iovec.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct Vector
    {
        public byte* Base;
        public nuint Length;
    }

    /// <summary>struct msghdr.</summary>
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

    /// <summary>struct mmsghdr.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct Message
    {
        public Header Header;
        public uint Length;
    }
}
