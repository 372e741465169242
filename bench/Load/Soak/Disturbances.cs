namespace Tunnel.Bench.Load.Soak;

/// <summary>A disturbance that is done to the programs every now and then.</summary>
/// <param name="Name">The name for the report.</param>
/// <param name="Every">The time between two of them.</param>
/// <param name="Edge">The edge whose connections may be lost by it; null: none, and a connection that is lost meanwhile is a fault.</param>
/// <param name="DoAsync">Does it; the argument counts the times.</param>
internal sealed record Disturbance(string Name, TimeSpan Every, string? Edge, Func<int, Task> DoAsync);

/// <summary>Returns all disturbances. A further one is added here.</summary>
internal static class Disturbances
{
    /// <param name="world">The programs.</param>
    /// <param name="duration">How long the soak takes.</param>
    public static IReadOnlyList<Disturbance> Of(SoakWorld world, TimeSpan duration)
    {
        var policy = 0;
        var hasMorePort = false;
        var path = world.Path;
        return
        [
            // There are over a thousand cuts, if there is time for them. Nothing that is done to the path may lose anything.
            new("tunnel cut", Longer(path.BetweenCuts, duration / 1_300), null, _ => path.CutAsync()),
            new("path swallowed everything", TimeSpan.FromSeconds(45), null, count => path.SwallowAsync(Swallowing(count))),
            .. path is UdpPath udp ? AddressChanges(udp) : [],
            new("edge killed or stopped", TimeSpan.FromSeconds(35), world.Mortal.Id, count =>
                world.RestartMortalAsync(inOrder: count % 2 == 1)),
            new("port added or removed", TimeSpan.FromSeconds(5), null, _ => world.ConfigureAsync(hasMorePort = !hasMorePort, policy)),
            new("policy changed", TimeSpan.FromSeconds(7), null, _ => world.ConfigureAsync(hasMorePort, ++policy)),
            new("admin calls", TimeSpan.FromSeconds(1), null, async _ =>
            {
                foreach (var path in new[] { "status", "edges", "blocks" }) await world.Admin.GetAsync($"/api/v1/{path}");
            }),
            new("events followed", TimeSpan.FromSeconds(4), null, _ => world.Admin.FollowAsync("/api/v1/events", TimeSpan.FromSeconds(3))),
        ];
    }

    private static Disturbance[] AddressChanges(UdpPath path) =>
        [
            new("address changed", TimeSpan.FromSeconds(15), null, _ =>
            {
                path.ChangeAddress();
                return Task.CompletedTask;
            }),
        ];

    // Up to 8 s; another length each time, and the same ones in each soak.
    private static TimeSpan Swallowing(int count) => TimeSpan.FromMilliseconds(100 + (count * 1_237 % 7_900));

    private static TimeSpan Longer(TimeSpan one, TimeSpan other) => one > other ? one : other;

    /// <summary>Does one of the disturbances again and again until the end.</summary>
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

            tally.BeginDisturbance(disturbance.Name, disturbance.Edge);
            await disturbance.DoAsync(count);
            tally.EndDisturbance(disturbance.Name, disturbance.Edge);
        }
    }
}
