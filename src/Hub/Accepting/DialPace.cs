using Tunnel.Hub.Edges.Live;

namespace Tunnel.Hub.Accepting;

/// <summary>
/// Gives turns to edges that lack a connection at the same moment, as after the hub's start: one alone is dialled at once, and many one
/// after the other. Thread-safe.
/// </summary>
internal sealed class DialPace(TimeProvider time)
{
    private readonly Lock _lock = new();
    private readonly long _step = (long)(RedialSpread.PerEdge.TotalSeconds * time.TimestampFrequency);
    private long _free = long.MinValue;

    /// <summary>Waits for the next turn.</summary>
    public Task TurnAsync(CancellationToken cancellationToken)
    {
        TimeSpan wait;
        lock (_lock)
        {
            var now = time.GetTimestamp();
            var turn = Math.Max(now, _free);
            _free = turn + _step;
            wait = time.GetElapsedTime(now, turn);
        }

        return wait > TimeSpan.Zero ? Task.Delay(wait, time, cancellationToken) : Task.CompletedTask;
    }
}
