using System.Globalization;

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

    /// <summary>Most that it may have now (RLIMIT_NOFILE, the soft limit, which an operator may lower); null when it can't be known.</summary>
    public static long? ReadLimit()
    {
        const string Row = "Max open files";
        try
        {
            var row = File.ReadLines("/proc/self/limits").FirstOrDefault(line => line.StartsWith(Row, StringComparison.Ordinal));
            var soft = row?[Row.Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries).FirstOrDefault();
            return long.TryParse(soft, NumberStyles.None, CultureInfo.InvariantCulture, out var limit) ? limit : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
