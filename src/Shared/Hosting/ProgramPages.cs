using System.Globalization;
using System.Runtime.InteropServices;

namespace Tunnel.Shared.Hosting;

/// <summary>
/// The pages of the files that are mapped: the program and its libraries. The kernel maps code in large pieces around what is used, so that
/// a native program has nearly all of it in memory when it has started, most of which it never needs again.
/// </summary>
internal sealed partial class ProgramPages
{
    private const int DontNeed = 4;

    // A library that is just being loaded looks for a moment like a file that nobody can write, and then addresses are filled in. What is
    // mapped now, and in the same way when pages are let go of, is no such library.
    private readonly HashSet<(nint Start, nuint Length)> _early = [.. Mappings("/proc/self/maps", Files)];

    /// <summary>
    /// Lets go of all pages that are as in the file; those that are needed come back, from the page cache as a rule, when they are touched.
    /// </summary>
    public void Release()
    {
        // A failure changes nothing: the pages stay.
        foreach (var (start, length) in Mappings("/proc/self/smaps", Unchanged).Where(_early.Contains))
            _ = Advise(start, length, DontNeed);
    }

    /// <summary>The mappings of files that nobody can write.</summary>
    /// <param name="maps">The lines of <c>/proc/PID/maps</c> or of <c>smaps</c> (proc_pid_maps(5)).</param>
    internal static IEnumerable<(nint Start, nuint Length)> Files(IEnumerable<string> maps)
    {
        foreach (var line in maps)
        {
            if (IsMapping(line, out var file) && file is { } found)
                yield return found;
        }
    }

    /// <summary>
    /// Returns those mappings where no page differs from the file: a page that was written before (addresses that the linker filled in)
    /// would be lost.
    /// </summary>
    /// <param name="smaps">The lines of <c>/proc/PID/smaps</c> (proc_pid_smaps(5)).</param>
    internal static IEnumerable<(nint Start, nuint Length)> Unchanged(IEnumerable<string> smaps)
    {
        (nint Start, nuint Length)? candidate = null;
        var isUnchanged = false;
        foreach (var line in smaps)
        {
            if (IsMapping(line, out var file))
            {
                if (candidate is { } before && isUnchanged)
                    yield return before;
                (candidate, isUnchanged) = (file, false);
            }

            // Nothing of the mapping is in memory. QEMU says so of all mappings, and that all are unchanged, which is not true.
            else if (IsZero(line, "Rss:"))
            {
                candidate = null;
            }
            else if (IsZero(line, "Anonymous:"))
            {
                isUnchanged = true;
            }

            // A page that was written may be out, and does not count as anonymous then.
            else if (line.StartsWith("Swap:", StringComparison.Ordinal) && !IsZero(line, "Swap:"))
            {
                candidate = null;
            }
        }

        if (candidate is { } last && isUnchanged)
            yield return last;
    }

    // Without /proc the pages stay.
    private static List<(nint Start, nuint Length)> Mappings(
        string path, Func<IEnumerable<string>, IEnumerable<(nint Start, nuint Length)>> choice)
    {
        try
        {
            return [.. choice(File.ReadLines(path))];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    // Whether a line begins a mapping, and where that is when it is a file's that nobody can write.
    private static bool IsMapping(string line, out (nint Start, nuint Length)? file)
    {
        file = null;
        if (line.Split(' ', 6, StringSplitOptions.RemoveEmptyEntries) is not [var range, { Length: 4 } rights, _, _, _, .. var rest])
            return false;
        if (rest is [['/', ..]] && rights is ['r', '-', _, 'p'])
            file = Parse(range);
        return true;
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
