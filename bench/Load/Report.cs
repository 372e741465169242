using System.Globalization;
using System.Runtime.InteropServices;

namespace Tunnel.Bench.Load;

/// <summary>The file under bench/results with a run's table. It is written as the run goes on, so one that is cut short has what it got.</summary>
internal sealed class Report
{
    private readonly Results _results;
    private readonly string[] _peers;
    private readonly string _head;

    private Report(Results results, string[] peers, string path, string head)
    {
        _results = results;
        _peers = peers;
        _head = head;
        Path = path;
    }

    /// <summary>Where it is written.</summary>
    public string Path { get; }

    /// <summary>Names the file by the time of the run's start.</summary>
    /// <param name="root">The checkout.</param>
    /// <param name="rounds">How often each row is run.</param>
    /// <param name="seconds">How long.</param>
    /// <param name="results">The figures, as they come.</param>
    /// <param name="peers">The table's columns.</param>
    /// <param name="suffix">Ends the file's name.</param>
    public static async Task<Report> StartAsync(string root, int rounds, int seconds, Results results, string[] peers, string suffix)
    {
        var now = DateTime.UtcNow;
        var commit = (await Rows.Command.RunAsync("git", "-C", root, "describe", "--always", "--dirty")).Trim();
        var head = string.Create(CultureInfo.InvariantCulture, $"# {now:yyyy-MM-dd HH:mm} UTC, commit {commit}\n\n{Environment.ProcessorCount} cores, {RuntimeInformation.OSDescription}, {RuntimeInformation.FrameworkDescription}; {rounds} rounds of {seconds} s, medians\n\n");
        var folder = System.IO.Path.Combine(root, "bench/results");
        Directory.CreateDirectory(folder);
        return new Report(results, peers, System.IO.Path.Combine(folder, now.ToString("yyyy-MM-dd-HHmm", CultureInfo.InvariantCulture) + suffix + ".md"), head);
    }

    /// <summary>Writes what there is.</summary>
    public Task SaveAsync() => File.WriteAllTextAsync(Path, ToString());

    /// <inheritdoc/>
    public override string ToString() => _head + _results.ToMarkdown(_peers);
}
