namespace Tunnel.Shared.Transport.Moving.Tables;

/// <summary>
/// Counts what becomes of the streams of a tunnel that was lost: how many go on elsewhere, how much this end sends again, and how long they
/// waited. Thread-safe.
/// </summary>
internal sealed class MoveTally(TimeProvider time)
{
    private readonly Lock _lock = new();
    private readonly HashSet<object> _waiting = [];

    // Hub: the edge may move streams before the hub hears that it has left the tunnel.
    private readonly HashSet<object> _early = [];
    private readonly TaskCompletionSource<TunnelResumed> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private TunnelResumed _sum;
    private long? _lostAt;

    /// <summary>Completes when each stream goes on elsewhere or has ended.</summary>
    public Task<TunnelResumed> Done => _done.Task;

    /// <summary>The number of streams that neither go on elsewhere nor have ended; 0 once nothing waits any more.</summary>
    public int Waiting
    {
        get
        {
            lock (_lock)
                return _done.Task.IsCompleted ? 0 : _waiting.Count;
        }
    }

    /// <summary>Notes that the tunnel is lost.</summary>
    public void Begin(IEnumerable<object> streams)
    {
        lock (_lock)
        {
            _lostAt = time.GetTimestamp();
            _waiting.UnionWith(streams);
            _waiting.ExceptWith(_early);
            _early.Clear();
            if (_waiting.Count == 0)
                _done.TrySetResult(_sum);
        }
    }

    /// <summary>Notes that a stream goes on elsewhere.</summary>
    public void OnMoved(object stream, long bytesAgain)
    {
        lock (_lock)
        {
            if (_lostAt is not null ? !_waiting.Remove(stream) : !_early.Add(stream))
                return;
            var waited = _lostAt is null ? TimeSpan.Zero : time.GetElapsedTime(_lostAt.Value);
            _sum = new TunnelResumed(_sum.Streams + 1, _sum.BytesAgain + bytesAgain, waited);
            if (_lostAt is not null && _waiting.Count == 0)
                _done.TrySetResult(_sum);
        }
    }

    /// <summary>Notes that a stream has ended.</summary>
    public void OnEnded(object stream)
    {
        lock (_lock)
        {
            if (_waiting.Remove(stream) && _waiting.Count == 0)
                _done.TrySetResult(_sum);
        }
    }

    /// <summary>Notes that nothing waits any more.</summary>
    public void End()
    {
        lock (_lock)
            _done.TrySetResult(_sum);
    }
}
