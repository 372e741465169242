namespace Tunnel.Shared.Strangers;

/// <summary>
/// Sends every "unauthorized" at the same time after the line, so that the delay does not show whether a hash was computed, or which. The
/// time is longer than a slow hash takes on a hub that nobody is guessing at; an answer that had to wait for others comes later.
/// </summary>
public sealed class RefusalPace(TimeProvider time)
{
    /// <summary>The time from the edge's line to the answer.</summary>
    public static readonly TimeSpan Time = TimeSpan.FromMilliseconds(250);

    /// <summary>Returns the start of the time, for <see cref="WaitAsync"/>.</summary>
    public long Start() => time.GetTimestamp();

    /// <summary>Waits for the rest of the time; returns at once if it has passed.</summary>
    public Task WaitAsync(long start, CancellationToken cancellationToken) =>
        Time - time.GetElapsedTime(start) is { Ticks: > 0 } left ? Task.Delay(left, time, cancellationToken) : Task.CompletedTask;
}
