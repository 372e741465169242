using System.Diagnostics;
using System.Net;
using Tunnel.Bench.Load.Peers;
using Tunnel.Bench.Load.Rows;
using Tunnel.Shared.Transport;

namespace Tunnel.Bench.Load.Scale;

/// <summary>Measures a hub with many edges that is killed, or restarted in order, and started again after a while.</summary>
internal static class StormRun
{
    private const string Secret = "bench-secret-of-24-chars";
    private const int Edges = 500;
    private const int Terminate = 15;
    private const int Kill = 9;
    private static readonly TimeSpan Bin = TimeSpan.FromMilliseconds(100);

    /// <summary>Measures each case; the table is saved after each.</summary>
    public static async Task MeasureAsync(string root, Results results, Func<Task> saveAsync)
    {
        foreach (var (row, signal, pause) in new[]
        {
            ("killed, back at once", Kill, 0), ("killed, back after 10 s", Kill, 10), ("restarted in order", Terminate, 0),
        })
        {
            await MeasureAsync(root, $"{Edges} edges, hub {row}", signal, TimeSpan.FromSeconds(pause), results);
            await saveAsync();
        }
    }

    private static async Task MeasureAsync(string root, string row, int signal, TimeSpan pause, Results results)
    {
        using var place = new Workplace(root);
        using var first = new ProcessGroup();
        using var second = new ProcessGroup();
        var hub = new IPEndPoint(IPAddress.Loopback, Workplace.FreePort());
        Process? process = null;
        using (var admin = await TunnelPair.StartHubAsync(place, hub, (program, arguments, log) =>
            process = first.Start(program, arguments, log)))
        {
            await admin.ApplyAsync(
                Enumerable.Range(0, Edges).Select(static number => (object)new { id = EdgeSwarm.IdOf(number), secret = Secret }));
        }

        await using var storm = new EdgeStorm(hub, Secret, Edges);
        await storm.StartAsync();
        await Task.Delay(TimeSpan.FromSeconds(5));
        void Add(string label, double value) => results.Add(row, "tunnel", new Figure(label, value));
        Add("hub CPU ms a second, before", await MillisecondsASecondAsync(first));
        var memory = first.ResidentBytes();

        var lost = Stopwatch.GetTimestamp();
        using (var told = Process.Start("/bin/kill", [$"-{signal}", $"{process!.Id}"]))
            await told.WaitForExitAsync();
        await process.WaitForExitAsync();
        await Task.Delay(pause);
        File.Delete(place.File("hub.sock"));
        using var again = await TunnelPair.StartHubAsync(place, hub, (program, arguments, log) => second.Start(program, arguments, log));
        var back = Stopwatch.GetTimestamp();
        var all = await storm.WaitAsync(TimeSpan.FromSeconds(60));
        Add("all back, s after the hub", Stopwatch.GetElapsedTime(back).TotalSeconds);
        Add("not back within 60 s", Edges - storm.Connected);
        var dials = storm.DialsSince(lost);
        Add("dials", dials.Count);
        Add(
            "refused (unauthorized, busy)",
            dials.Count(static dial => dial.Failure is DialFailureKind.Unauthorized or DialFailureKind.Busy));
        // The few that come last make a tail that says nothing about a storm.
        var most =
            dials.Where(static dial => dial.Failure is null).Select(static dial => dial.At).Order().Take(Edges * 9 / 10).LastOrDefault();
        Add("9 of 10 back, s after the hub", Stopwatch.GetElapsedTime(back, most).TotalSeconds);
        var (peak, mean) = PeakAndMean(dials.Where(dial => dial.At <= most).Select(static dial => dial.At), lost);
        Add("dials per 100 ms until then, peak", peak);
        Add("dials per 100 ms until then, peak/mean", peak / mean);
        var cpu = second.CpuSeconds();
        Add("hub CPU ms per edge", cpu * 1000 / Edges);
        await Task.Delay(TimeSpan.FromSeconds(50));
        Add("hub CPU ms a second, a minute after", await MillisecondsASecondAsync(second));
        Add("hub memory after/before", (double)second.ResidentBytes() / memory);
        Console.Error.WriteLine($"{row} done{(all ? "" : ", and not all are back")}");
    }

    private static async Task<double> MillisecondsASecondAsync(ProcessGroup hub)
    {
        var (cpu, start) = (hub.CpuSeconds(), Stopwatch.GetTimestamp());
        await Task.Delay(TimeSpan.FromSeconds(10));
        return (hub.CpuSeconds() - cpu) * 1000 / Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    // The mean is taken over all bins from the start to the last dial, empty ones too.
    private static (double Peak, double Mean) PeakAndMean(IEnumerable<long> times, long start)
    {
        var bins = times.Select(at => (int)(Stopwatch.GetElapsedTime(start, at) / Bin)).ToArray();
        return bins.Length == 0
            ? (0, 1)
            : (bins.CountBy(static bin => bin).Max(static bin => bin.Value), (double)bins.Length / (bins.Max() + 1));
    }
}
