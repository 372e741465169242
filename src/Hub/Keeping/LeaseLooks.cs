using Tunnel.Shared.Guarding;

namespace Tunnel.Hub.Keeping;

/// <summary>
/// Has the leases looked at when nobody has done so for some seconds. Whoever watches the shared place may be held up there, as by a
/// connection that says nothing more, and a holder must not seem dead meanwhile. Thread-safe.
/// </summary>
/// <param name="look">Looks, without waiting for it.</param>
/// <param name="time">The clock.</param>
internal sealed class LeaseLooks(Action look, TimeProvider time) : IDisposable
{
    // This is above the time between two looks of whoever watches, so that nothing is read twice, and far below what makes others take a
    // lease.
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(6);
    private static readonly TimeSpan Tick = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private ITimer? _timer;
    private long _at;
    private bool _isDisposed;

    /// <summary>Begins to count the time.</summary>
    public void Start()
    {
        lock (_lock)
        {
            if (_isDisposed || _timer is not null)
                return;
            _at = time.GetTimestamp();
            _timer = time.CreateGuardedTimer(static looks => looks.LookIfDue(), this, Tick, Tick);
        }
    }

    /// <summary>Notes a look that begins, whoever has asked for it.</summary>
    public void Note() => Volatile.Write(ref _at, time.GetTimestamp());

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_lock)
        {
            _isDisposed = true;
            _timer?.Dispose();
        }
    }

    private void LookIfDue()
    {
        if (time.GetElapsedTime(Volatile.Read(ref _at)) >= Limit)
            look();
    }
}
