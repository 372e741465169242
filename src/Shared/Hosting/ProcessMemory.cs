using System.Runtime.InteropServices;

namespace Tunnel.Shared.Hosting;

/// <summary>Reads and reclaims the memory of the runtime and of the C library.</summary>
internal sealed partial class ProcessMemory : IProcessMemory
{
    public long ResidentBytes => Environment.WorkingSet;

    public long AllocatedBytes => GC.GetTotalAllocatedBytes();

    public void Reclaim()
    {
        ProgramPages.Release();

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
    }

    // This call trims all of glibc's arenas, which otherwise keep what OpenSSL used for ended connections.
    [LibraryImport("libc", EntryPoint = "malloc_trim")]
    private static partial int TrimNativeHeap(nuint pad);
}
