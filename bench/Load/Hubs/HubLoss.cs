namespace Tunnel.Bench.Load.Hubs;

/// <summary>A way to lose one of several hubs, and to have it back.</summary>
/// <param name="Name">The name for the table.</param>
/// <param name="LoseAsync">Takes the hub with this number away.</param>
/// <param name="RestoreAsync">Gives it back.</param>
internal sealed record HubLoss(string Name, Func<int, Task> LoseAsync, Func<int, Task> RestoreAsync)
{
    /// <summary>All of them, the kinds that a test of several hubs has to bear.</summary>
    public static IReadOnlyList<HubLoss> Of(HubsWorld world) =>
    [
        new("killed", world.KillAsync, world.StartAgainAsync),
        new("stopped", number => world.SignalAsync(number, "STOP"), number => world.SignalAsync(number, "CONT")),
        new("cut off", world.CutAsync, _ => world.HealAsync()),
    ];
}
