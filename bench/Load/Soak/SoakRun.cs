using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace Tunnel.Bench.Load.Soak;

/// <summary>
/// Checks every byte of mixed traffic while tunnels are cut, edges are killed, configurations are pushed and the API is used, and measures
/// how fast what the programs hold grows meanwhile. Before and after there is a rest without traffic, in which all that belongs to traffic
/// must be gone.
/// </summary>
internal static class SoakRun
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan Rest = TimeSpan.FromSeconds(15);

    /// <summary>Runs the soak, and writes bench/results/DATE-soak.md.</summary>
    /// <returns>0 when nothing grew, nothing was wrong, nothing was lost without a cause and no program logged an error.</returns>
    public static async Task<int> RunAsync(string root, TimeSpan duration, string transport)
    {
        var tally = new Tally();
        using var place = new Workplace(root);
        using var world = new SoakWorld(place, transport, tally);
        await world.StartAsync();
        Sampler[] samplers = [new("hub", world.Hub, world.Admin), new("edge", world.Staying.Processes, world.Staying.Admin)];
        var (rests, clock) = (new List<string>(), Stopwatch.StartNew());
        string Table() => ToMarkdown(duration, transport, clock.Elapsed, samplers, rests, tally, LoggedErrors.Of(place));
        var report = await Report.StartAsync(root, 1, (int)duration.TotalSeconds, Table, "-soak");

        using var end = new CancellationTokenSource();
        var gate = new Gate();
        List<Task> work = [.. new[] { world.Staying, world.Mortal }.Select(edge => world.TalkTo(edge, tally, gate).RunAsync(end.Token))];
        work.Add(world.TalkTo(world.Staying, tally, gate).RunLongAsync(end.Token));
        work.AddRange(Disturbances.Of(world, duration).Select(disturbance => Disturbances.RepeatAsync(disturbance, tally, end.Token)));

        // At first code is compiled, and pools and windows find their sizes. This takes a fifth of the time, and at most five minutes.
        var warm = Min(duration / 5, TimeSpan.FromMinutes(5));
        while (clock.Elapsed < warm)
            await WaitAsync(work);
        await RestAsync("before");
        while (clock.Elapsed < duration)
        {
            await WaitAsync(work);
            foreach (var sampler in samplers)
                await sampler.SampleAsync(clock.Elapsed.TotalHours);
            await report.SaveAsync();
        }

        await RestAsync("after");
        await end.CancelAsync();
        await Task.WhenAll(work);
        await report.SaveAsync();
        Console.WriteLine(report);
        Console.Error.WriteLine($"Written to {report.FilePath}");
        var hasGrown = samplers.SelectMany(static sampler => sampler.Slopes()).Any(static entry => entry.Slope.Grows);
        return tally.IsClean && LoggedErrors.Of(place).Count == 0 && !hasGrown ? 0 : 1;

        async Task RestAsync(string when)
        {
            await gate.CloseAsync();
            await Task.Delay(Rest);
            foreach (var sampler in samplers)
                rests.Add($"{when}: {await sampler.DescribeAsync()}");
            foreach (var sampler in samplers)
                rests.Add($"{when}, descriptors{(when == "after" ? " more or fewer than before" : "")}: {sampler.DescribeDescriptors()}");
            gate.Open();
        }
    }

    // A conversation that fails must not go on unseen.
    private static async Task WaitAsync(IEnumerable<Task> work)
    {
        await Task.Delay(Interval);
        foreach (var task in work.Where(static task => task.IsFaulted))
            await task;
    }

    private static TimeSpan Min(TimeSpan one, TimeSpan other) => one < other ? one : other;

    private static string ToMarkdown(
        TimeSpan duration, string transport, TimeSpan elapsed, IEnumerable<Sampler> samplers, IEnumerable<string> rests, Tally tally,
        IReadOnlyList<string> errors)
    {
        var text = new StringBuilder();
        text.AppendLine(
            CultureInfo.InvariantCulture, $"Soak over {transport}, {elapsed.TotalMinutes:F0} of {duration.TotalMinutes:F0} minutes.\n");
        text.AppendLine("| process | figure | mean | an hour | standard error | zero within noise |\n|---|---|---|---|---|---|");
        foreach (var (process, figure, slope) in samplers.SelectMany(static sampler => sampler.Slopes()))
        {
            var verdict = slope.IsZero ? "yes" : slope.Grows ? "NO" : "it falls";
            text.AppendLine(
                CultureInfo.InvariantCulture,
                $"| {process} | {figure} | {slope.Mean:F1} | {slope.PerHour:+0.0;-0.0} | {slope.Error:F1} | {verdict} |");
        }

        text.AppendLine().Append(tally);
        text.AppendLine(CultureInfo.InvariantCulture, $"- errors that the programs logged: {errors.Count}");
        foreach (var error in errors.Take(20))
            text.AppendLine(CultureInfo.InvariantCulture, $"- error of {error}");
        foreach (var rest in rests)
            text.AppendLine(CultureInfo.InvariantCulture, $"- at rest {rest}");
        return text.ToString();
    }
}
