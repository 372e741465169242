using System.Globalization;

namespace Tunnel.TestUtilities.Processes;

/// <summary>What the kernel says of a process (proc(5)).</summary>
public static class ProcessFigures
{
    /// <summary>Bytes of resident memory.</summary>
    public static long ResidentBytes(int process)
    {
        var line = File.ReadLines($"/proc/{process}/status").First(text => text.StartsWith("VmRSS:", StringComparison.Ordinal));
        return 1024 * long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
    }

    /// <summary>Open descriptors.</summary>
    public static int Descriptors(int process) => Directory.EnumerateFileSystemEntries($"/proc/{process}/fd").Count();
}
