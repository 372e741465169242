using System.Runtime.InteropServices;

namespace Tunnel.Shared.Hosting;

/// <summary>Reads and reclaims the memory of the service, of the runtime and of the C library.</summary>
/// <param name="releaseKept">Gives up what the service keeps for the next use.</param>
internal sealed partial class ProcessMemory(Action releaseKept) : IProcessMemory
{
    private readonly ProgramPages _pages = new();

    public long ResidentBytes => Environment.WorkingSet;

    public long AllocatedBytes => GC.GetTotalAllocatedBytes();

    public void Reclaim()
    {
        releaseKept();

        // Only the aggressive mode gives back the regions that it has freed; what finalizers free is native memory.
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        GC.WaitForPendingFinalizers();
        try
        {
            TrimNativeHeap(0);
        }
        catch (EntryPointNotFoundException)
        {
            // musl has no such call, and keeps little.
        }

        // At the end, because a collection uses a good part of the program.
        _pages.Release();
    }

    // This call trims all of glibc's arenas, which otherwise keep what OpenSSL used for ended connections.
    [LibraryImport("libc", EntryPoint = "malloc_trim")]
    private static partial int TrimNativeHeap(nuint pad);
}
