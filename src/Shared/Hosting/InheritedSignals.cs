using System.Runtime.InteropServices;

namespace Tunnel.Shared.Hosting;

/// <summary>
/// A shell without job control starts what ends in <c>&amp;</c> with SIGINT ignored, and the runtime leaves an ignored signal alone. A
/// service that says that it stops on SIGINT does so whoever started it.
/// </summary>
public static partial class InheritedSignals
{
    private const int Interrupt = 2;
    private const nint Default = 0;

    /// <summary>
    /// Gives SIGINT its default action back. For a service's first lines: the first handler of any signal has the runtime install its own
    /// for all of them, which this would remove.
    /// </summary>
    public static void HeedInterrupt() => signal(Interrupt, Default);

    [LibraryImport("libc")]
    private static partial nint signal(int number, nint handler);
}
