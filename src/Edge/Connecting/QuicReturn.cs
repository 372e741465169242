namespace Tunnel.Edge.Connecting;

/// <summary>
/// Says when QUIC is tried again while the tunnel runs over TLS: every ten minutes, and soon after this machine's addresses or its way to
/// the network have changed, since what kept UDP back may no longer be on the way. An interface that comes and goes all the time brings a
/// try every half minute.
/// </summary>
internal sealed class QuicReturn(TimeProvider time)
{
    /// <summary>How often QUIC is tried when nothing changes.</summary>
    internal static readonly TimeSpan Interval = TimeSpan.FromMinutes(10);

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

    /// <summary>Notes that QUIC is tried now: only what changes from here on is a reason to try again.</summary>
    public void OnTry() => Volatile.Write(ref _changed, _network.Next);

    /// <summary>Waits until QUIC is to be tried again. One caller at a time.</summary>
    /// <returns>True when that is because of a change.</returns>
    public async Task<bool> WaitAsync(CancellationToken cancellationToken)
    {
        using var cut = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var interval = Task.Delay(Interval, time, cut.Token);
        var changed = Volatile.Read(ref _changed) ?? _network.Next;
        await Task.WhenAny(interval, changed);
        cancellationToken.ThrowIfCancellationRequested();
        if (interval.IsCompleted)
            return false;
        await cut.CancelAsync();
        var isSoon = _triedAt is { } last && time.GetElapsedTime(last) < LastPause;
        _pause = isSoon ? TimeSpan.FromTicks(Math.Min(_pause.Ticks * 2, LastPause.Ticks)) : FirstPause;
        await Task.Delay(_pause, time, cancellationToken);
        _triedAt = time.GetTimestamp();
        return true;
    }
}
