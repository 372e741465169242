using System.Diagnostics;

namespace Tunnel.TestUtilities.Processes;

/// <summary>
/// Waits for what another process or thread will do, where it can only be asked again and again, without assuming how long it takes.
/// </summary>
public static class Eventually
{
    // The effect of another thread is there after a moment; a process is asked less and less often.
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(20);

    /// <summary>Asks until the answer is not null.</summary>
    /// <exception cref="TimeoutException">The time is over; the message says what was waited for.</exception>
    public static async Task<T> GetAsync<T>(Func<Task<T?>> ask, string what, TimeSpan? limit = null, Func<string>? explain = null)
        where T : class
    {
        var end = limit ?? TimeSpan.FromSeconds(30);
        var clock = Stopwatch.StartNew();
        for (var pause = FirstPause; ; pause = pause * 2 < LongestPause ? pause * 2 : LongestPause)
        {
            if (await ask() is { } answer)
            {
                return answer;
            }

            if (clock.Elapsed > end)
            {
                throw new TimeoutException($"Waited {end.TotalSeconds} s for {what}. {explain?.Invoke()}");
            }

            await Task.Delay(pause);
        }
    }

    /// <summary>Asks until the answer is yes.</summary>
    public static Task IsTrueAsync(Func<Task<bool>> ask, string what, TimeSpan? limit = null, Func<string>? explain = null) =>
        GetAsync(async () => await ask() ? "yes" : null, what, limit, explain);

    /// <summary>Asks until the answer is yes.</summary>
    public static Task IsTrueAsync(Func<bool> ask, string what, TimeSpan? limit = null, Func<string>? explain = null) =>
        IsTrueAsync(() => Task.FromResult(ask()), what, limit, explain);
}
