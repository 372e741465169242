namespace Tunnel.Hub.Accepting;

/// <summary>
/// Every "unauthorized" comes when the same time has passed since the line, so that it does not tell whether a hash was made, and which.
/// Longer than a slow hash takes on a hub that is not being guessed at; one that had to wait for others comes later.
/// </summary>
internal sealed class RefusalPace(TimeProvider time)
{
    /// <summary>From the edge's line to the answer.</summary>
    public static readonly TimeSpan Time = TimeSpan.FromMilliseconds(250);

    /// <summary>Now, for <see cref="WaitAsync"/>.</summary>
    public long Start() => time.GetTimestamp();

    /// <summary>Waits for what is left of the time.</summary>
    public Task WaitAsync(long start, CancellationToken cancellationToken) =>
        Time - time.GetElapsedTime(start) is { Ticks: > 0 } left ? Task.Delay(left, time, cancellationToken) : Task.CompletedTask;
}
