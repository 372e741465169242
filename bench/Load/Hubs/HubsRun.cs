using System.Diagnostics;
using System.Globalization;
using Tunnel.Bench.Load.Rows;

namespace Tunnel.Bench.Load.Hubs;

/// <summary>
/// Measures what new clients see while one of an edge's three hubs is killed, stopped or cut off, again and again. All programs, this one
/// too, are in a network namespace of their own, whose packets may be dropped.
/// </summary>
internal static class HubsRun
{
    /// <summary>The first argument of the program that runs in the namespace.</summary>
    public const string Inside = "hubs";

    private static readonly TimeSpan Watched = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Calm = TimeSpan.FromSeconds(1);

    // This is what is promised of the loss of one hub.
    private static readonly TimeSpan Goal = TimeSpan.FromSeconds(2);

    /// <summary>Runs the measurement in a namespace of its own. Needs root.</summary>
    public static Task<int> StartAsync(string root, int tries, string[] rows) =>
        OwnNetwork.RunAsync([Inside, root, tries.ToString(CultureInfo.InvariantCulture), .. rows]);

    /// <summary>Measures each kind of loss so many times, with the load spread and in order; the table is saved after each kind.</summary>
    /// <param name="root">The checkout.</param>
    /// <param name="tries">How often each hub is lost in each way.</param>
    /// <param name="rows">Only rows whose name contains one of these words; all when there is none.</param>
    /// <param name="results">Where the figures go.</param>
    /// <param name="saveAsync">Saves the table.</param>
    public static async Task MeasureAsync(string root, int tries, string[] rows, Results results, Func<Task> saveAsync)
    {
        foreach (var prefer in new[] { "load", "order" })
        {
            using var place = new Workplace(root);
            using var world = await HubsWorld.StartAsync(place, prefer);
            await using var clients = NewClients.Start(world.Public);

            // On a busy machine these wait too, and it is not for a hub.
            await using var direct = NewClients.Start(world.Direct);
            foreach (var loss in HubLoss.Of(world))
            {
                var row = $"one of {world.Count} hubs {loss.Name}, prefer {prefer}";
                if (rows.Length > 0 && !rows.Any(row.Contains))
                    continue;
                List<(ClientFigures Gone, ClientFigures Back, ClientFigures Direct)> seen = [];
                for (var count = 0; count < tries; count++)
                    seen.Add(await TryAsync(world, clients, direct, loss, prefer == "order" ? 0 : count % world.Count));
                Add(results, row, seen);
                await saveAsync();
            }
        }
    }

    private static async Task<(ClientFigures Gone, ClientFigures Back, ClientFigures Direct)> TryAsync(
        HubsWorld world, NewClients clients, NewClients direct, HubLoss loss, int number)
    {
        await world.WaitForAllAsync();
        await Task.Delay(Calm);
        clients.Forget();
        direct.Forget();
        var lost = Stopwatch.GetTimestamp();
        await loss.LoseAsync(number);
        await Task.Delay(Watched);
        var (gone, straight) = (clients.Look(lost), direct.Look(lost));

        var returns = Stopwatch.GetTimestamp();
        await loss.RestoreAsync(number);
        await world.WaitForAllAsync();
        await Task.Delay(Calm);
        var back = clients.Look(returns);
        var load = await LoadAverage.ReadAsync();
        Console.Error.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{loss.Name}: {gone} (without a tunnel {straight}); while it comes back: {back}; load {load}"));
        return (gone, back, straight);
    }

    private static void Add(
        Results results, string row, List<(ClientFigures Gone, ClientFigures Back, ClientFigures Direct)> seen)
    {
        void Add(string label, double value) => results.Add(row, "tunnel", new Figure(label, value));
        Add("tries", seen.Count);
        Add("longest time without a new client served, median s", Median(seen.Select(static one => one.Gone.Gap.TotalSeconds)));
        Add("longest time without a new client served, most s", seen.Max(static one => one.Gone.Gap.TotalSeconds));
        Add("last client not served within 1 s came after, median s", Median(seen.Select(static one => one.Gone.LastLate.TotalSeconds)));
        Add("last client not served within 1 s came after, most s", seen.Max(static one => one.Gone.LastLate.TotalSeconds));
        Add("clients not served within 1 s, most", seen.Max(static one => one.Gone.Late));
        Add("tries in which either took more than 2 s", seen.Count(static one => one.Gone.Gap > Goal || one.Gone.LastLate > Goal));
        Add("the same without a tunnel: longest time, most s", seen.Max(static one => one.Direct.Gap.TotalSeconds));
        Add("longest time without a new client served as it comes back, most s", seen.Max(static one => one.Back.Gap.TotalSeconds));
        Add("clients not served within 1 s as it comes back, most", seen.Max(static one => one.Back.Late));
    }

    private static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToArray();
        return sorted[sorted.Length / 2];
    }
}
