using System.Runtime.InteropServices;

namespace Tunnel.Shared.Sockets;

/// <summary>
/// How many file descriptors the process may have (getrlimit(2), RLIMIT_NOFILE). Reading it opens no descriptor, so it works when none is
/// left.
/// </summary>
/// <param name="Soft">The limit that holds now; the runtime raises it to <paramref name="Hard"/> at start.</param>
/// <param name="Hard">The most to which the limit could be raised.</param>
public readonly partial record struct DescriptorLimit(long Soft, long Hard)
{
    private const int NumberOfFiles = 7;

    /// <summary>Reads the present limit; an operator can change it while the process runs (prlimit(1)).</summary>
    public static DescriptorLimit Read() =>
        getrlimit(NumberOfFiles, out var limits) == 0
            ? new(ToLong(limits.Current), ToLong(limits.Maximum))
            : new(int.MaxValue, int.MaxValue);

    // The kernel writes "unlimited" as the largest number.
    private static long ToLong(ulong value) => (long)Math.Min(value, int.MaxValue);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int getrlimit(int resource, out Limits limits);

    [StructLayout(LayoutKind.Sequential)]
    private struct Limits
    {
        public ulong Current;
        public ulong Maximum;
    }
}
