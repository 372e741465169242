namespace Tunnel.Edge.UnitTests.Fakes;

/// <summary>Waits for what another thread will do, without assuming how long it takes.</summary>
internal static class Eventually
{
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    public static async Task TrueAsync(Func<bool> condition, string what)
    {
        using var limit = new CancellationTokenSource(Limit);
        while (!condition())
        {
            if (limit.IsCancellationRequested)
                Assert.Fail($"Never happened: {what}");
            await Task.Delay(1, CancellationToken.None);
        }
    }

    /// <summary>Fails instead of hanging.</summary>
    public static Task<T> Soon<T>(this Task<T> task) => task.WaitAsync(Limit);

    public static Task Soon(this Task task) => task.WaitAsync(Limit);
}
