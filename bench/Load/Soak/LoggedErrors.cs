namespace Tunnel.Bench.Load.Soak;

/// <summary>What the programs of a run have logged as errors: a soak does nothing that is one, so each is a defect.</summary>
internal static class LoggedErrors
{
    // A stack trace is on the line too.
    private const int LongestLine = 4_000;

    /// <summary>Returns the lines of all logs of a run, each behind its log's name.</summary>
    public static IReadOnlyList<string> Of(Workplace place) =>
        [
            .. Directory.EnumerateFiles(place.Temp, "*.log").Order().SelectMany(static file => File.ReadLines(file).Where(IsError)
                .Select(line => $"{Path.GetFileNameWithoutExtension(file)}: {line[..Math.Min(line.Length, LongestLine)]}"))];

    private static bool IsError(string line) =>
        line.Contains("Z fail: ", StringComparison.Ordinal) || line.Contains("Z crit: ", StringComparison.Ordinal);
}
