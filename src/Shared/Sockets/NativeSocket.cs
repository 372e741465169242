using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Tunnel.Shared.Sockets;

/// <summary>
/// The system calls that <see cref="Socket"/> does not offer: receiving and sending without waiting, with the count of a partial send
/// (Socket.Send of a non-blocking socket reports would-block and loses the count), and the number of bytes that the peer has not
/// acknowledged. Linux only, like the product.
/// </summary>
internal static partial class NativeSocket
{
    private const int PeekOnly = 0x02;
    private const int DontWait = 0x40;
    private const int NoSignal = 0x4000;
    private const ulong OutputQueue = 0x5411;
    private const int Again = 11;
    private const int InProgress = 115;
    private const int SocketLevel = 1;
    private const int ErrorOption = 4;
    private const int MemoryInfo = 55;
    private const int TcpLevel = 6;
    private const int MaxSegmentOption = 2;
    private const int NotSentLowWater = 25;
    private const int InternetVersion4 = 2;
    private const int InternetVersion6 = 10;
    private const int StreamType = 1;
    private const int DatagramType = 2;
    private const int NonBlocking = 0x800;
    private const int CloseOnExec = 0x80000;
    private const int Interrupted = 4;

    /// <summary>
    /// Receives without waiting. Returns the number of bytes, 0 at the end of the stream, <see cref="WouldBlock"/> or <see cref="Failed"/>.
    /// </summary>
    public static int Receive(SafeSocketHandle socket, Span<byte> buffer) => Receive(socket, buffer, DontWait);

    /// <summary>
    /// Looks for data without taking it. Returns 1, 0 at the end of the stream, <see cref="WouldBlock"/> or <see cref="Failed"/>.
    /// </summary>
    public static int Peek(SafeSocketHandle socket) => Receive(socket, stackalloc byte[1], DontWait | PeekOnly);

    private static unsafe int Receive(SafeSocketHandle socket, Span<byte> buffer, int flags)
    {
        fixed (byte* pointer = buffer)
        {
            while (true)
            {
                var count = recv(socket, pointer, (nuint)buffer.Length, flags);
                if (count >= 0)
                    return (int)count;
                if (Error(out var retry) is var result && !retry)
                    return result;
            }
        }
    }

    /// <summary>Sends without waiting. Returns the number of bytes taken, <see cref="WouldBlock"/> or <see cref="Failed"/>.</summary>
    public static unsafe int Send(SafeSocketHandle socket, ReadOnlySpan<byte> data)
    {
        fixed (byte* pointer = data)
        {
            while (true)
            {
                var count = send(socket, pointer, (nuint)data.Length, DontWait | NoSignal);
                if (count >= 0)
                    return (int)count;
                if (Error(out var retry) is var result && !retry)
                    return result;
            }
        }
    }

    /// <summary>
    /// Creates a non-blocking TCP socket. Returns an invalid handle when the kernel gives none; <see cref="LastError"/> then says why.
    /// </summary>
    public static SafeSocketHandle Create(AddressFamily family) =>
        new(
            socket(family == AddressFamily.InterNetworkV6 ? InternetVersion6 : InternetVersion4, StreamType | NonBlocking | CloseOnExec, 0),
            ownsHandle: true);

    /// <summary>Creates a non-blocking UDP socket, like <see cref="Create"/>.</summary>
    public static SafeSocketHandle CreateDatagram(AddressFamily family) =>
        new(
            socket(
                family == AddressFamily.InterNetworkV6 ? InternetVersion6 : InternetVersion4, DatagramType | NonBlocking | CloseOnExec, 0),
            ownsHandle: true);

    /// <summary>Sets an option that is an int.</summary>
    /// <returns>False when the kernel does not know it.</returns>
    public static bool SetOption(SafeSocketHandle socket, int level, int option, int value) =>
        setsockopt(socket, level, option, ref value, sizeof(int)) == 0;

    /// <summary>Limits what the kernel takes from us before it has sent it (TCP_NOTSENT_LOWAT).</summary>
    /// <exception cref="SocketException">The socket is of another kind, or closed.</exception>
    public static void LimitUnsent(Socket socket, int bytes) =>
        socket.SetRawSocketOption(TcpLevel, NotSentLowWater, BitConverter.GetBytes(bytes));

    /// <summary>Starts to connect.</summary>
    /// <returns>0 when the socket is connected, <see cref="WouldBlock"/> when connecting takes a while, else <see cref="Failed"/>;
    /// <see cref="LastError"/> then says why.</returns>
    public static unsafe int Connect(SafeSocketHandle socket, SocketAddress address)
    {
        fixed (byte* pointer = address.Buffer.Span)
        {
            if (connect(socket, pointer, (uint)address.Size) == 0)
                return 0;
            return Marshal.GetLastPInvokeError() is InProgress or Interrupted ? WouldBlock : Failed;
        }
    }

    /// <summary>The address and port of a socket's own end; null when the kernel does not say.</summary>
    public static unsafe IPEndPoint? LocalEndPoint(SafeSocketHandle socket)
    {
        var address = new SocketAddress(AddressFamily.InterNetworkV6);
        var length = (uint)address.Size;
        fixed (byte* bytes = address.Buffer.Span)
        {
            if (getsockname(socket, bytes, ref length) != 0)
                return null;
        }

        IPEndPoint any = address.Family == AddressFamily.InterNetwork ? new(IPAddress.Any, 0) : new(IPAddress.IPv6Any, 0);
        return (IPEndPoint)any.Create(address);
    }

    /// <summary>The result of a connect that took a while: 0, or the error number (errno).</summary>
    public static int ConnectError(SafeSocketHandle socket)
    {
        var length = (uint)sizeof(int);
        return getsockopt(socket, SocketLevel, ErrorOption, out var error, ref length) == 0 ? error : Marshal.GetLastPInvokeError();
    }

    /// <summary>
    /// Limits the segments of a connection to be made. The kernel refuses values out of its range (88 to 32,767 bytes) and then changes
    /// nothing.
    /// </summary>
    public static void SetMaxSegment(SafeSocketHandle socket, int bytes) =>
        _ = setsockopt(socket, TcpLevel, MaxSegmentOption, ref bytes, sizeof(int));

    /// <summary>The last failed call's error number (errno).</summary>
    public static int LastError => Marshal.GetLastPInvokeError();

    /// <summary>Bytes written and not yet acknowledged by the peer (SIOCOUTQ); 0 when the kernel does not say.</summary>
    public static int Unacknowledged(SafeSocketHandle socket) => ioctl(socket, OutputQueue, out var bytes) == 0 ? bytes : 0;

    /// <summary>Bytes of kernel memory that a socket holds in both directions (SO_MEMINFO); 0 when the kernel does not say.</summary>
    public static unsafe long HeldBytes(SafeSocketHandle socket)
    {
        // linux/sock_diag.h: the fields are received, its limit, being sent, its limit, allocated ahead, queued to be sent.
        Span<uint> info = stackalloc uint[9];
        var length = (uint)(info.Length * sizeof(uint));
        fixed (uint* pointer = info)
            return getsockopt(socket, SocketLevel, MemoryInfo, pointer, ref length) == 0 ? (long)info[0] + info[4] + info[5] : 0;
    }

    /// <summary>The call would have to wait.</summary>
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

    [LibraryImport("libc", SetLastError = true)]
    private static partial int socket(int family, int type, int protocol);

    [LibraryImport("libc", SetLastError = true)]
    private static unsafe partial int connect(SafeSocketHandle socket, byte* address, uint length);

    [LibraryImport("libc", SetLastError = true)]
    private static unsafe partial int getsockname(SafeSocketHandle socket, byte* address, ref uint length);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int setsockopt(SafeSocketHandle socket, int level, int option, ref int value, uint length);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int getsockopt(SafeSocketHandle socket, int level, int option, out int value, ref uint length);

    [LibraryImport("libc", SetLastError = true)]
    private static unsafe partial int getsockopt(SafeSocketHandle socket, int level, int option, uint* value, ref uint length);
}
