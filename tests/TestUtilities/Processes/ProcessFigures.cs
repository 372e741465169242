using System.Globalization;

namespace Tunnel.TestUtilities.Processes;

/// <summary>Reads what the kernel says of a process (proc(5)).</summary>
public static class ProcessFigures
{
    /// <summary>Returns the bytes of resident memory.</summary>
    public static long ResidentBytes(int process)
    {
        var line = File.ReadLines($"/proc/{process}/status").First(text => text.StartsWith("VmRSS:", StringComparison.Ordinal));
        return 1024 * long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
    }

    /// <summary>Returns the number of open descriptors.</summary>
    public static int Descriptors(int process) => Directory.EnumerateFileSystemEntries($"/proc/{process}/fd").Count();
}
