using System.Globalization;
using System.Net.Sockets;

namespace Tunnel.Edge.Listening;

/// <summary>
/// Knows when the process runs out of file descriptors. Linux hands out the lowest free number, so a socket that got number n proves
/// that n descriptors are open: the check costs nothing and needs no count that could drift.
/// </summary>
internal sealed class DescriptorGuard(long limit)
{
    /// <summary>Share of the limit from which new clients are refused; the rest is for the tunnel, the log and the admin socket.</summary>
    private const double Share = 0.9;

    private readonly long _threshold = (long)(limit * Share);

    /// <summary>Most descriptors that the process may have.</summary>
    public long Limit => limit;

    /// <summary>The guard for this process's present limit (the runtime raises the soft limit to the hard one at start).</summary>
    public static DescriptorGuard ForProcess() => new(ReadLimit("/proc/self/limits"));

    /// <summary>Whether <paramref name="accepted"/> is one too many.</summary>
    public bool IsOver(Socket accepted) => accepted.Handle >= _threshold;

    internal static long ReadLimit(string path)
    {
        const string Row = "Max open files";
        try
        {
            string? row = File.ReadLines(path).FirstOrDefault(line => line.StartsWith(Row, StringComparison.Ordinal));
            string? soft = row?[Row.Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries).FirstOrDefault();
            return long.TryParse(soft, NumberStyles.None, CultureInfo.InvariantCulture, out long value) ? value : int.MaxValue;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // No /proc here: there is no limit to know.
            return int.MaxValue;
        }
    }
}
