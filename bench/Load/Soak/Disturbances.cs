namespace Tunnel.Bench.Load.Soak;

/// <summary>Something that is done to the programs every now and then.</summary>
/// <param name="Name">What.</param>
/// <param name="Every">The time between two of them.</param>
/// <param name="Edge">Whose connections may be lost by it; null: nobody's, and one that is lost meanwhile is a fault.</param>
/// <param name="DoAsync">Does it, for the n-th time.</param>
internal sealed record Disturbance(string Name, TimeSpan Every, string? Edge, Func<int, Task> DoAsync);

/// <summary>All of them. Here is the place for another fault.</summary>
internal static class Disturbances
{
    /// <param name="world">The programs.</param>
    /// <param name="duration">How long the soak takes.</param>
    public static IReadOnlyList<Disturbance> Of(SoakWorld world, TimeSpan duration)
    {
        var policy = 0;
        var hasMorePort = false;
        var cut = world.IsResumed ? null : world.Staying.Id;
        return
        [
            // Over a thousand, if there is time for them. Nothing may be lost by one, where tunnels are resumed.
            new("tunnel cut", TimeSpan.FromSeconds(Math.Clamp(duration.TotalSeconds / 1_300, 1, 3)), cut, _ => world.CutTunnelAsync()),
            new("path swallowed everything", TimeSpan.FromSeconds(45), cut, world.SwallowAsync),
            new("edge killed or stopped", TimeSpan.FromSeconds(35), world.Mortal.Id, count =>
                world.Mortal.RestartAsync(inOrder: count % 2 == 1)),
            new("port added or removed", TimeSpan.FromSeconds(5), null, _ => world.ConfigureAsync(hasMorePort = !hasMorePort, policy)),
            new("policy changed", TimeSpan.FromSeconds(7), null, _ => world.ConfigureAsync(hasMorePort, ++policy)),
            new("admin calls", TimeSpan.FromSeconds(1), null, async _ =>
            {
                foreach (var path in new[] { "status", "edges", "blocks" }) await world.Admin.GetAsync($"/api/v1/{path}");
            }),
            new("events followed", TimeSpan.FromSeconds(4), null, _ => world.Admin.FollowAsync("/api/v1/events", TimeSpan.FromSeconds(3))),
        ];
    }

    /// <summary>Does one of them until the end.</summary>
    public static async Task RepeatAsync(Disturbance disturbance, Tally tally, CancellationToken end)
    {
        for (var count = 0; !end.IsCancellationRequested; count++)
        {
            try
            {
                await Task.Delay(disturbance.Every, end);
            }
            catch (OperationCanceledException)
            {
                return;
            }

            // Told before and after: what it breaks may be noticed at once, and its effect lasts from its end on.
            tally.Excuse(disturbance.Name, disturbance.Edge);
            await disturbance.DoAsync(count);
            tally.AddDisturbance(disturbance.Name, disturbance.Edge);
        }
    }
}
