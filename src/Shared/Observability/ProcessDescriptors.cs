namespace Tunnel.Shared.Observability;

/// <summary>The file descriptors of this process; each connection takes one.</summary>
public static class ProcessDescriptors
{
    /// <summary>
    /// Counts the open descriptors. It reads a directory with an entry for each one, so it is meant for a scrape, not for every connection.
    /// </summary>
    public static long? CountOpen()
    {
        try
        {
            // The descriptor that reads the directory is not counted.
            return Directory.EnumerateFileSystemEntries("/proc/self/fd").LongCount() - 1;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
