using Microsoft.Extensions.Logging;
using Tunnel.Hub.Keeping;
using Tunnel.Shared.Guarding;

namespace Tunnel.Hub.Edges.State;

/// <summary>
/// Takes expired secrets out of the state. They are refused all the same, since every check looks at the clock; what matters is that the
/// tunnels are told.
/// </summary>
internal sealed class SecretExpiry : IAsyncDisposable
{
    private readonly KeptValue<EdgeState> _kept;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly ITimer _timer;

    public SecretExpiry(KeptValue<EdgeState> kept, TimeProvider time, ILogger logger)
    {
        (_kept, _time, _logger) = (kept, time, logger);
        _timer = time.CreateGuardedTimer(
            static self => Task.Run(self.RemoveAsync).Guard("removing expired secrets"), this, Timeout.InfiniteTimeSpan,
            Timeout.InfiniteTimeSpan);
    }

    /// <summary>Waits for the next secret of a state to expire.</summary>
    public void Arm(EdgeState state)
    {
        // A timer takes at most 49 days, so a later expiry is looked at again every day.
        var due = state.NextExpiry is { } expiry
            ? TimeSpan.FromTicks(Math.Clamp((expiry - _time.GetUtcNow()).Ticks, 0, TimeSpan.TicksPerDay))
            : Timeout.InfiniteTimeSpan;
        _timer.Change(due, Timeout.InfiniteTimeSpan);
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _timer.DisposeAsync();

    private async Task RemoveAsync()
    {
        try
        {
            await _kept.ChangeAsync(WithoutExpired, CancellationToken.None, error => EdgesLog.ExpiryNotSaved(_logger, error));
        }
        catch (ObjectDisposedException)
        {
            // The timer had just fired.
        }
    }

    private EdgeState? WithoutExpired(EdgeState before)
    {
        var after = before.WithoutExpired(_time.GetUtcNow());
        var diff = EdgeSetDiffer.Compare(before, after);
        if (diff.IsEmpty)
        {
            Arm(before);
            return null;
        }

        EdgesLog.SecretsExpired(_logger, diff.Edges.Length);
        return after.After(before, _time.GetUtcNow());
    }
}
