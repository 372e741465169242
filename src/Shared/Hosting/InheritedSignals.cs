using System.Runtime.InteropServices;

namespace Tunnel.Shared.Hosting;

/// <summary>
/// Restores SIGINT. A shell without job control starts commands that end in <c>&amp;</c> with SIGINT ignored, and the runtime leaves an
/// ignored signal alone. A service that promises to stop on SIGINT must do so whoever started it.
/// </summary>
public static partial class InheritedSignals
{
    private const int Interrupt = 2;
    private const nint Default = 0;

    /// <summary>
    /// Gives SIGINT its default action back. It must run first in a service: with the first handler of any signal the runtime installs its
    /// own for all of them, and this call would remove that one.
    /// </summary>
    public static void HeedInterrupt() => signal(Interrupt, Default);

    [LibraryImport("libc")]
    private static partial nint signal(int number, nint handler);
}
