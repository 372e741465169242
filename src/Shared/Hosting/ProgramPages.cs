using System.Globalization;
using System.Runtime.InteropServices;

namespace Tunnel.Shared.Hosting;

/// <summary>
/// The pages of the program's own file. The kernel maps code in large pieces around what is used, so that a native program has nearly
/// all of its file in memory when it has started, most of which it never needs again.
/// </summary>
internal static partial class ProgramPages
{
    private const int DontNeed = 4;

    /// <summary>
    /// Lets go of all of them that are as in the file; those that are needed come back, from the page cache as a rule, when they are
    /// touched.
    /// </summary>
    public static void Release()
    {
        try
        {
            // A failure changes nothing: the pages stay.
            foreach (var (start, length) in Unchanged(File.ReadLines("/proc/self/smaps"), Environment.ProcessPath))
                _ = Advise(start, length, DontNeed);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Without /proc they stay.
        }
    }

    /// <summary>
    /// The mappings of a file that nobody can write and where no page differs from the file: one that was written before (addresses that
    /// the linker filled in) would be lost.
    /// </summary>
    /// <param name="smaps">The lines of <c>/proc/PID/smaps</c> (proc_pid_smaps(5)).</param>
    /// <param name="program">The file's path; null when it is not known, which is no mapping's.</param>
    internal static IEnumerable<(nint Start, nuint Length)> Unchanged(IEnumerable<string> smaps, string? program)
    {
        (nint Start, nuint Length)? candidate = null;
        foreach (var line in smaps)
        {
            if (line.Split(' ', 6, StringSplitOptions.RemoveEmptyEntries) is [var range, { Length: 4 } rights, _, _, _, var path])
                candidate = path == program && rights[0] == 'r' && rights[1] == '-' ? Parse(range) : null;
            else if (candidate is { } found && IsZero(line, "Anonymous:"))
                yield return found;
        }
    }

    private static bool IsZero(string line, string name) =>
        line.StartsWith(name, StringComparison.Ordinal) && line.EndsWith(" 0 kB", StringComparison.Ordinal);

    private static (nint Start, nuint Length)? Parse(string range) =>
        range.Split('-') is [var first, var last]
            && nint.TryParse(first, NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var start)
            && nint.TryParse(last, NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var end)
            && end > start
            ? (start, (nuint)(end - start))
            : null;

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int Advise(nint start, nuint length, int advice);
}
