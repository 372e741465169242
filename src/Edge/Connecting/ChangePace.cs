using Tunnel.Shared.Guarding;

namespace Tunnel.Edge.Connecting;

/// <summary>
/// Says when something that did not get through is worth another try because this machine's addresses or its way to the network have
/// changed: soon after the change, and half a minute apart where an interface comes and goes all the time.
/// </summary>
internal sealed class ChangePace(TimeProvider time)
{
    /// <summary>
    /// How long a try waits after a change. The kernel tells of one change in several parts, and an address is of no use before its route.
    /// </summary>
    internal static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(1);

    /// <summary>What that grows to, twice as long each time, while changes follow a try sooner than this.</summary>
    internal static readonly TimeSpan LastPause = TimeSpan.FromSeconds(30);

    private readonly ChangeSignal _network = new();
    private Task? _changed;
    private TimeSpan _pause = FirstPause;
    private long? _triedAt;

    /// <summary>Notes that this machine's addresses, or its way to the network, have changed.</summary>
    public void OnNetworkChanged() => _network.Raise();

    /// <summary>Notes that a try begins: only what changes from here on is a reason for another one.</summary>
    public void OnTry() => Volatile.Write(ref _changed, _network.Next);

    /// <summary>Waits until a change is a reason to try again, but no longer than <paramref name="limit"/>. One caller at a time.</summary>
    /// <returns>True when a change ended the wait.</returns>
    public async Task<bool> WaitAsync(TimeSpan limit, CancellationToken cancellationToken)
    {
        using var cut = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var changed = NextAsync(cut.Token);
        await changed.EndsWithinAsync(limit, time, cancellationToken);
        await cut.CancelAsync();
        await changed.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return changed.IsCompletedSuccessfully;
    }

    private async Task NextAsync(CancellationToken cancellationToken)
    {
        await (Volatile.Read(ref _changed) ?? _network.Next).WaitAsync(cancellationToken);
        var isSoon = _triedAt is { } last && time.GetElapsedTime(last) < LastPause;
        _pause = isSoon ? TimeSpan.FromTicks(Math.Min(_pause.Ticks * 2, LastPause.Ticks)) : FirstPause;
        await Task.Delay(_pause, time, cancellationToken);
        _triedAt = time.GetTimestamp();
    }
}
