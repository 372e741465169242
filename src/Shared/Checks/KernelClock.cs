using System.Runtime.InteropServices;

namespace Tunnel.Shared.Checks;

/// <summary>Tells whether the kernel's clock is kept synchronized (adjtimex(2)).</summary>
public static unsafe partial class KernelClock
{
    /// <summary>TIME_ERROR: not synchronized.</summary>
    private const int Unsynchronized = 5;

    // struct timex has 208 bytes on 64-bit Linux; the first member says what to change, and 0 changes nothing.
    private const int StateSize = 256;

    /// <summary>Whether the clock is synchronized; null where the kernel does not say (some containers).</summary>
    public static bool? IsSynchronized()
    {
        var state = stackalloc byte[StateSize];
        new Span<byte>(state, StateSize).Clear();
        var result = Adjust(state);
        return result < 0 ? null : result != Unsynchronized;
    }

    [LibraryImport("libc", EntryPoint = "adjtimex")]
    private static partial int Adjust(byte* state);
}
