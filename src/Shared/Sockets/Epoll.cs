using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Tunnel.Shared.Sockets;

/// <summary>A thin binding to epoll(7) and eventfd(2).</summary>
internal static partial class Epoll
{
    public const uint In = 0x001;
    public const uint Priority = 0x002;
    public const uint Out = 0x004;
    public const uint Error = 0x008;
    public const uint HangUp = 0x010;
    public const uint PeerClosed = 0x2000;
    public const uint EdgeTriggered = 1u << 31;

    public const int Add = 1;
    public const int Delete = 2;
    public const int Modify = 3;

    // struct epoll_event is packed on x86-64 only: there its 64 bits of data are at offset 4, elsewhere at 8.
    private static readonly int DataOffset = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 4 : 8;

    /// <summary>Bytes of one event.</summary>
    public static readonly int EventSize = DataOffset + 8;

    public static SafeFileHandle Create() => Checked(epoll_create1(CloseOnExec));

    public static SafeFileHandle CreateEvent() => Checked(eventfd(0, CloseOnExec | NonBlocking));

    /// <summary>Adds, changes or removes a descriptor.</summary>
    /// <returns>False when the kernel refused.</returns>
    public static bool Control(SafeHandle epoll, int operation, SafeHandle descriptor, uint events, ulong data)
    {
        Span<byte> entry = stackalloc byte[16];
        MemoryMarshal.Write(entry, events);
        MemoryMarshal.Write(entry[DataOffset..], data);
        return epoll_ctl(epoll, operation, descriptor, ref MemoryMarshal.GetReference(entry)) == 0;
    }

    /// <summary>Waits for events; a signal ends the wait with no events. Returns their number.</summary>
    public static int Wait(SafeHandle epoll, Span<byte> events, int timeoutMilliseconds) =>
        Math.Max(0, epoll_wait(epoll, ref MemoryMarshal.GetReference(events), events.Length / EventSize, timeoutMilliseconds));

    /// <summary>Reads one event, by its index, from what <see cref="Wait"/> filled in.</summary>
    public static (uint Events, ulong Data) At(ReadOnlySpan<byte> events, int index)
    {
        var entry = events.Slice(index * EventSize, EventSize);
        return (MemoryMarshal.Read<uint>(entry), MemoryMarshal.Read<ulong>(entry[DataOffset..]));
    }

    public static void Signal(SafeHandle eventHandle)
    {
        ulong one = 1;
        _ = write(eventHandle, ref one, sizeof(ulong));
    }

    public static void Reset(SafeHandle eventHandle) => _ = read(eventHandle, out _, sizeof(ulong));

    private const int CloseOnExec = 0x80000;
    private const int NonBlocking = 0x800;

    private static SafeFileHandle Checked(int descriptor) => descriptor >= 0
        ? new SafeFileHandle(descriptor, ownsHandle: true)
        : throw new IOException($"The kernel gave no event descriptor: error {Marshal.GetLastPInvokeError()}.");

    [LibraryImport("libc", SetLastError = true)]
    private static partial int epoll_create1(int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int eventfd(uint value, int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int epoll_ctl(SafeHandle epoll, int operation, SafeHandle descriptor, ref byte entry);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int epoll_wait(SafeHandle epoll, ref byte events, int count, int timeout);

    [LibraryImport("libc")]
    private static partial nint write(SafeHandle descriptor, ref ulong value, nuint length);

    [LibraryImport("libc")]
    private static partial nint read(SafeHandle descriptor, out ulong value, nuint length);
}
