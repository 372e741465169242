using System.Runtime.InteropServices;

namespace Tunnel.Shared.Text;

/// <summary>
/// The size of the terminal that the standard output is. The runtime knows it too, but writes to the terminal before it says so, which
/// changes what its keys send.
/// </summary>
internal static partial class WindowSize
{
    private const int StandardOutput = 1;

    // This is TIOCGWINSZ of ioctl_tty(2), which gives rows, columns, and both in pixels.
    private const ulong GetWindowSize = 0x5413;

    /// <summary>Returns the columns; null when the terminal does not say, or the output is no terminal.</summary>
    public static unsafe int? Columns()
    {
        Span<ushort> size = stackalloc ushort[4];
        fixed (ushort* pointer = size)
            return Ask(StandardOutput, GetWindowSize, pointer) == 0 && size[1] > 0 ? size[1] : null;
    }

    [LibraryImport("libc", EntryPoint = "ioctl")]
    private static unsafe partial int Ask(int descriptor, ulong request, ushort* size);
}
