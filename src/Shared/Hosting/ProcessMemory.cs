using System.Runtime.InteropServices;

namespace Tunnel.Shared.Hosting;

/// <summary>The runtime's and the C library's part of it.</summary>
internal sealed partial class ProcessMemory : IProcessMemory
{
    public long ResidentBytes => Environment.WorkingSet;

    public long AllocatedBytes => GC.GetTotalAllocatedBytes();

    public void Reclaim()
    {
        // Aggressive alone gives back the regions that it has made free; what finalizers free is native.
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

    // glibc, of all its arenas: what OpenSSL had for ended connections stays in them otherwise.
    [LibraryImport("libc", EntryPoint = "malloc_trim")]
    private static partial int TrimNativeHeap(nuint pad);
}
