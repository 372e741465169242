using System.Diagnostics;
using System.Globalization;

namespace Tunnel.Bench.Load;

/// <summary>Measures and ends the processes of one peer. Children (haproxy's and nginx's workers) count too.</summary>
internal sealed class ProcessGroup : IDisposable
{
    private const double TicksPerSecond = 100;

    private readonly List<Process> _processes = [];

    /// <summary>Starts a program, with its output behind what is in a file of the work directory.</summary>
    public Process Start(string program, IEnumerable<string> arguments, string log) =>
        Start("""log="$1"; shift; exec "$@" >>"$log" 2>&1 </dev/null""", program, arguments, log, talks: false);

    /// <summary>Starts a program whose input and output the caller uses: only its errors are in the file.</summary>
    public Process StartTalking(string program, IEnumerable<string> arguments, string log) =>
        Start("""log="$1"; shift; exec "$@" 2>"$log" """, program, arguments, log, talks: true);

    /// <summary>CPU seconds, of user and system, since the start.</summary>
    public double CpuSeconds() =>
        All().Sum(static id => Stat(id) is { } fields ? (Number(fields[11]) + Number(fields[12])) / TicksPerSecond : 0);

    /// <summary>Resident bytes.</summary>
    public long ResidentBytes() => All().Sum(static id => Status(id, "VmRSS:") * 1024);

    /// <summary>The most bytes that were resident since <see cref="ForgetPeak"/>.</summary>
    public long PeakResidentBytes() => All().Sum(static id => Status(id, "VmHWM:") * 1024);

    /// <summary>What the open descriptors are, as /proc names it, and what the sockets among them are.</summary>
    public IEnumerable<string> Descriptors() => All().SelectMany(static id => DescriptorKinds.Of(id));

    /// <summary>Begins to look for a peak anew.</summary>
    public void ForgetPeak()
    {
        foreach (var id in All())
            File.WriteAllText($"/proc/{id}/clear_refs", "5");
    }

    public void Dispose()
    {
        foreach (var process in _processes.AsEnumerable().Reverse())
        {
            if (!process.HasExited)
                process.Kill(entireProcessTree: true);
            process.WaitForExit();
            process.Dispose();
        }
    }

    private Process Start(string command, string program, IEnumerable<string> arguments, string log, bool talks)
    {
        var shell = new ProcessStartInfo("/bin/sh", ["-c", command, "sh", log, program, .. arguments]);
        (shell.RedirectStandardInput, shell.RedirectStandardOutput) = (true, talks);
        var process = Process.Start(shell)!;
        _processes.Add(process);
        return process;
    }

    private IEnumerable<int> All()
    {
        var parents = Directory.EnumerateDirectories("/proc").Select(static path => Path.GetFileName(path)).Where(
            static name => char.IsAsciiDigit(name[0]))
            .Select(static name => int.Parse(name, CultureInfo.InvariantCulture))
            .Select(static id => (Id: id, Parent: Stat(id) is { } fields ? (int)Number(fields[1]) : 0)).ToList();
        var found = new HashSet<int>(_processes.Where(static process => !process.HasExited).Select(static process => process.Id));
        while (parents.FirstOrDefault(entry => found.Contains(entry.Parent) && !found.Contains(entry.Id)) is { Id: > 0 } child)
            found.Add(child.Id);
        return found;
    }

    // The fields of proc(5) behind the command's closing parenthesis follow, so that index 0 is the state.
    private static string[]? Stat(int id)
    {
        try
        {
            var text = File.ReadAllText($"/proc/{id}/stat");
            return text[(text.LastIndexOf(')') + 2)..].Split(' ');
        }
        catch (IOException)
        {
            return null;
        }
    }

    private static long Status(int id, string field)
    {
        try
        {
            var line = File.ReadLines($"/proc/{id}/status").FirstOrDefault(text => text.StartsWith(field, StringComparison.Ordinal));
            return line is null ? 0 : Number(line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)[1]);
        }
        catch (IOException)
        {
            return 0;
        }
    }

    private static long Number(string text) => long.Parse(text, CultureInfo.InvariantCulture);
}
