using System.Runtime.InteropServices;

namespace Tunnel.Shared.Transport.Buffers;

/// <summary>
/// Pages of the kernel's, outside the managed heap: they go back at once, not when the collector comes to it. Linux only, like the product.
/// </summary>
internal static unsafe partial class PageMemory
{
    private const int ReadWrite = 0x1 | 0x2;
    private const int PrivateAnonymous = 0x02 | 0x20;
    private const int DontNeed = 4;
    private const int NoHugePage = 15;
    private const nint Failed = -1;

    /// <summary>Zeroed memory that takes room when it is touched; null when there is none to be had.</summary>
    public static byte* TryMap(int length)
    {
        var start = mmap(0, (nuint)length, ReadWrite, PrivateAnonymous, -1, 0);
        if (start == Failed)
            return null;

        // A huge page takes 2 MiB for the first byte that is touched. A kernel that has none refuses this, which is as good.
        _ = madvise((byte*)start, (nuint)length, NoHugePage);
        return (byte*)start;
    }

    /// <summary>
    /// Gives pages back; the addresses stay, and the next touch finds zeros. What is not a whole number of pages is left alone (some
    /// kernels have pages of 64 KiB): the kernel would round up, and take what lies behind it too.
    /// </summary>
    public static void Release(byte* start, int length)
    {
        if (length % Environment.SystemPageSize == 0)
            _ = madvise(start, (nuint)length, DontNeed);
    }

    /// <summary>Gives the addresses back too.</summary>
    public static void Unmap(byte* start, int length) => _ = munmap(start, (nuint)length);

    [LibraryImport("libc")]
    private static partial nint mmap(nint address, nuint length, int protection, int flags, int descriptor, nint offset);

    [LibraryImport("libc")]
    private static partial int madvise(byte* start, nuint length, int advice);

    [LibraryImport("libc")]
    private static partial int munmap(byte* start, nuint length);
}
