using System.Globalization;
using System.Runtime.InteropServices;

namespace Tunnel.Bench.Load;

/// <summary>
/// The file under bench/results with a run's table. It is written as the run goes on, so that one which is cut short keeps what it has.
/// </summary>
internal sealed class Report
{
    private readonly Func<string> _table;
    private readonly string _head;

    private Report(Func<string> table, string path, string head)
    {
        _table = table;
        _head = head;
        FilePath = path;
    }

    /// <summary>The path of the file.</summary>
    public string FilePath { get; }

    /// <summary>Names the file by the time of the run's start.</summary>
    /// <param name="root">The checkout.</param>
    /// <param name="rounds">How many times each row is run.</param>
    /// <param name="seconds">How many seconds each row takes.</param>
    /// <param name="table">Returns the figures that there are so far.</param>
    /// <param name="suffix">The end of the file's name.</param>
    public static async Task<Report> StartAsync(string root, int rounds, int seconds, Func<string> table, string suffix)
    {
        var now = DateTime.UtcNow;
        var commit = (await Rows.Command.RunAsync("git", "-C", root, "describe", "--always", "--dirty")).Trim();
        var title = string.Create(CultureInfo.InvariantCulture, $"# {now:yyyy-MM-dd HH:mm} UTC, commit {commit}");
        var machine = $"{Environment.ProcessorCount} cores, {RuntimeInformation.OSDescription}, "
            + $"{RuntimeInformation.FrameworkDescription}; {rounds} rounds of {seconds} s, medians";
        var folder = Path.Combine(root, "bench/results");
        Directory.CreateDirectory(folder);
        return new Report(
            table, Path.Combine(folder, now.ToString("yyyy-MM-dd-HHmm", CultureInfo.InvariantCulture) + suffix + ".md"),
            $"{title}\n\n{machine}\n\n");
    }

    /// <summary>Writes the figures that there are.</summary>
    public Task SaveAsync() => File.WriteAllTextAsync(FilePath, ToString());

    /// <inheritdoc/>
    public override string ToString() => _head + _table();
}
