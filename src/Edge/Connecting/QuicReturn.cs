namespace Tunnel.Edge.Connecting;

/// <summary>
/// Says when QUIC is tried again while the tunnel runs over TLS: every ten minutes, and soon after this machine's addresses or its way to
/// the network have changed (<see cref="ChangePace"/>), since what kept UDP back may no longer be on the way.
/// </summary>
internal sealed class QuicReturn(TimeProvider time)
{
    /// <summary>How often QUIC is tried when nothing changes.</summary>
    internal static readonly TimeSpan Interval = TimeSpan.FromMinutes(10);

    private readonly ChangePace _changes = new(time);

    /// <inheritdoc cref="ChangePace.OnNetworkChanged"/>
    public void OnNetworkChanged() => _changes.OnNetworkChanged();

    /// <inheritdoc cref="ChangePace.OnTry"/>
    public void OnTry() => _changes.OnTry();

    /// <summary>Waits until QUIC is to be tried again. One caller at a time.</summary>
    /// <returns>True when that is because of a change.</returns>
    public Task<bool> WaitAsync(CancellationToken cancellationToken) => _changes.WaitAsync(Interval, cancellationToken);
}
