using System.Diagnostics;
using System.Globalization;

namespace Tunnel.Bench.Load;

/// <summary>The processes of one peer: what they cost, and their end. Children (haproxy's and nginx's workers) count too.</summary>
internal sealed class ProcessGroup : IDisposable
{
    private const double TicksPerSecond = 100;

    private readonly List<Process> _processes = [];

    /// <summary>Starts a program, with its output in a file of the work directory.</summary>
    public Process Start(string program, IEnumerable<string> arguments, string log)
    {
        var start = new ProcessStartInfo("/bin/sh") { UseShellExecute = false, RedirectStandardInput = true };
        start.ArgumentList.Add("-c");
        start.ArgumentList.Add("""log="$1"; shift; exec "$@" >"$log" 2>&1 </dev/null""");
        start.ArgumentList.Add("sh");
        start.ArgumentList.Add(log);
        start.ArgumentList.Add(program);
        foreach (var argument in arguments) start.ArgumentList.Add(argument);
        var process = Process.Start(start)!;
        _processes.Add(process);
        return process;
    }

    /// <summary>CPU seconds so far, user and system.</summary>
    public double CpuSeconds() => All().Sum(static id => Stat(id) is { } fields ? (Number(fields[11]) + Number(fields[12])) / TicksPerSecond : 0);

    /// <summary>Resident bytes.</summary>
    public long ResidentBytes() => All().Sum(static id => Status(id, "VmRSS:") * 1024);

    public void Dispose()
    {
        foreach (var process in _processes.AsEnumerable().Reverse())
        {
            if (!process.HasExited) process.Kill(entireProcessTree: true);
            process.WaitForExit();
            process.Dispose();
        }
    }

    private IEnumerable<int> All()
    {
        var parents = Directory.EnumerateDirectories("/proc").Select(static path => Path.GetFileName(path)).Where(static name => char.IsAsciiDigit(name[0]))
            .Select(static name => int.Parse(name, CultureInfo.InvariantCulture)).Select(static id => (Id: id, Parent: Stat(id) is { } fields ? (int)Number(fields[1]) : 0)).ToList();
        var found = new HashSet<int>(_processes.Where(static process => !process.HasExited).Select(static process => process.Id));
        while (parents.FirstOrDefault(entry => found.Contains(entry.Parent) && !found.Contains(entry.Id)) is { Id: > 0 } child) found.Add(child.Id);
        return found;
    }

    // proc(5): what follows the command's closing parenthesis, so index 0 is the state.
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
