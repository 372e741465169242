namespace Tunnel.Shared.Observability;

/// <summary>The file descriptors of this process, of which each connection takes one.</summary>
public static class ProcessDescriptors
{
    /// <summary>How many are open. It reads a directory with an entry for each: for a scrape, not for every connection.</summary>
    public static long? CountOpen()
    {
        try
        {
            // Less the one that reads.
            return Directory.EnumerateFileSystemEntries("/proc/self/fd").LongCount() - 1;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
