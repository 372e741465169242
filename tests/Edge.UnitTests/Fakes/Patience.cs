namespace Tunnel.Edge.UnitTests.Fakes;

/// <summary>Limits how long a test waits for what has to happen at once.</summary>
internal static class Patience
{
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    /// <summary>Makes a test fail instead of hanging.</summary>
    public static Task<T> Soon<T>(this Task<T> task) => task.WaitAsync(Limit);

    /// <summary>Makes a test fail instead of hanging.</summary>
    public static Task Soon(this Task task) => task.WaitAsync(Limit);
}
