using System.Runtime.InteropServices;

namespace Tunnel.Shared.Hosting;

/// <summary>
/// A shell without job control starts what ends in <c>&amp;</c> with SIGINT ignored, and the runtime leaves an ignored signal alone. A service that says
/// that it stops on SIGINT does so whoever started it.
/// </summary>
internal static partial class InheritedSignals
{
    private const int Interrupt = 2;
    private const nint Default = 0;

    /// <summary>Gives SIGINT its default action back; to be called before a handler is registered.</summary>
    public static void HeedInterrupt() => signal(Interrupt, Default);

    [LibraryImport("libc")]
    private static partial nint signal(int number, nint handler);
}
