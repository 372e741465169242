using System.Runtime.InteropServices;

namespace Tunnel.Shared.Transport.Buffers;

/// <summary>
/// Pages from the kernel, outside the managed heap: they are returned at once and not when the garbage collector runs. Linux only, like the
/// product.
/// </summary>
internal static unsafe partial class PageMemory
{
    private const int ReadWrite = 0x1 | 0x2;
    private const int PrivateAnonymous = 0x02 | 0x20;
    private const int DontNeed = 4;
    private const int NoHugePage = 15;
    private const nint Failed = -1;

    /// <summary>Maps zeroed memory, which takes physical memory when it is touched. Returns null when the kernel has none.</summary>
    public static byte* TryMap(int length)
    {
        var start = mmap(0, (nuint)length, ReadWrite, PrivateAnonymous, -1, 0);
        if (start == Failed)
            return null;

        // A huge page takes 2 MiB for the first byte that is touched. A kernel without huge pages refuses this call, which does no harm.
        _ = madvise((byte*)start, (nuint)length, NoHugePage);
        return (byte*)start;
    }

    /// <summary>
    /// Returns pages to the kernel; the addresses stay valid, and the next touch finds zeros. A length that is not a whole number of pages
    /// is left alone (some kernels have pages of 64 KiB), because the kernel would round up and release the memory behind it too.
    /// </summary>
    public static void Release(byte* start, int length)
    {
        if (length % Environment.SystemPageSize == 0)
            _ = madvise(start, (nuint)length, DontNeed);
    }

    /// <summary>Returns the memory and its addresses to the kernel.</summary>
    public static void Unmap(byte* start, int length) => _ = munmap(start, (nuint)length);

    [LibraryImport("libc")]
    private static partial nint mmap(nint address, nuint length, int protection, int flags, int descriptor, nint offset);

    [LibraryImport("libc")]
    private static partial int madvise(byte* start, nuint length, int advice);

    [LibraryImport("libc")]
    private static partial int munmap(byte* start, nuint length);
}
