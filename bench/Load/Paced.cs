namespace Tunnel.Bench.Load;

/// <summary>Begins something again and again, whatever becomes of what was begun before.</summary>
internal static class Paced
{
    /// <summary>Begins what is due at each tick, until it is cancelled, and then waits for all that is under way.</summary>
    /// <param name="every">The time between two ticks.</param>
    /// <param name="due">Begins what is due.</param>
    /// <param name="end">Ends it.</param>
    public static async Task RunAsync(TimeSpan every, Func<IEnumerable<Task>> due, CancellationToken end)
    {
        List<Task> open = [];
        using var timer = new PeriodicTimer(every);
        try
        {
            while (await timer.WaitForNextTickAsync(end))
            {
                open.RemoveAll(static one => one.IsCompleted);
                open.AddRange(due());
            }
        }
        catch (OperationCanceledException)
        {
            // Enough was measured.
        }

        await Task.WhenAll(open);
    }
}
