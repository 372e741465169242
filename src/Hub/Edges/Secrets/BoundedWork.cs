namespace Tunnel.Hub.Edges.Secrets;

/// <summary>
/// Runs expensive work on the thread pool, a few at once, with a short queue: strangers can't take more of the hub than that.
/// </summary>
internal sealed class BoundedWork(int concurrent, int queued)
{
    private readonly SemaphoreSlim _slots = new(concurrent, concurrent);
    private int _inside;

    /// <summary>Runs <paramref name="work"/> on the pool, or not at all when too many wait.</summary>
    /// <returns>Null when there was no room.</returns>
    public async Task<T?> TryRunAsync<T>(Func<T> work, CancellationToken cancellationToken)
        where T : class
    {
        try
        {
            if (Interlocked.Increment(ref _inside) > concurrent + queued)
                return null;
            await _slots.WaitAsync(cancellationToken);
            try
            {
                // The caller may be on an I/O thread: it must not do the work itself.
                return await Task.Run(work, CancellationToken.None);
            }
            finally
            {
                _slots.Release();
            }
        }
        finally
        {
            Interlocked.Decrement(ref _inside);
        }
    }
}
