namespace Tunnel.Hub.Edges.Secrets;

/// <summary>
/// Runs expensive work on the thread pool, a few pieces at once, with a short queue in which owners take turns: an owner that asks for
/// much waits behind itself and takes no larger share of the hub. When the queue is full, an owner with many entries loses one to an
/// owner with few.
/// </summary>
internal sealed class FairWork<TOwner>(int concurrent, int queued)
    where TOwner : notnull
{
    private readonly Lock _lock = new();
    private readonly Dictionary<TOwner, LinkedList<TaskCompletionSource<bool>>> _waiting = [];
    private readonly Queue<TOwner> _turns = new();
    private int _running;
    private int _count;

    /// <summary>Runs <paramref name="work"/> on the pool, or not at all when too much is waiting.</summary>
    /// <returns>Null when there was no room.</returns>
    public async Task<T?> TryRunAsync<T>(TOwner owner, Func<T> work, CancellationToken cancellationToken)
        where T : class
    {
        if (!await EnterAsync(owner, cancellationToken))
            return null;
        try
        {
            // The caller may be on an I/O thread, so it must not do the work itself.
            return await Task.Run(work, CancellationToken.None);
        }
        finally
        {
            Leave();
        }
    }

    private async Task<bool> EnterAsync(TOwner owner, CancellationToken cancellationToken)
    {
        LinkedListNode<TaskCompletionSource<bool>> waiter;
        lock (_lock)
        {
            if (_running < concurrent)
            {
                _running++;
                return true;
            }

            if (_count >= queued && !TryMakeRoom(owner))
                return false;
            waiter = Enqueue(owner);
        }

        await using var registration = cancellationToken.Register(() => GiveUp(waiter, cancellationToken));
        return await waiter.Value.Task;
    }

    private LinkedListNode<TaskCompletionSource<bool>> Enqueue(TOwner owner)
    {
        if (!_waiting.TryGetValue(owner, out var own))
        {
            _waiting.Add(owner, own = new());
            _turns.Enqueue(owner);
        }

        _count++;
        return own.AddLast(new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously));
    }

    // Drops the newest entry of the owner with the most waiting, but only if that owner then still has at least as many as the newcomer's
    // owner.
    private bool TryMakeRoom(TOwner owner)
    {
        var own = _waiting.TryGetValue(owner, out var list) ? list.Count : 0;
        if (_waiting.Values.MaxBy(other => other.Count) is not { Last: { } last } most || most.Count < own + 2)
            return false;
        Remove(last);
        last.Value.TrySetResult(false);
        return true;
    }

    private void GiveUp(LinkedListNode<TaskCompletionSource<bool>> waiter, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            // The waiter may have got its turn or given way in the meantime.
            if (waiter.List is null)
                return;
            Remove(waiter);
        }

        waiter.Value.TrySetCanceled(cancellationToken);
    }

    private void Remove(LinkedListNode<TaskCompletionSource<bool>> waiter)
    {
        // An owner whose last entry leaves keeps its turn until that turn comes.
        waiter.List!.Remove(waiter);
        _count--;
    }

    private void Leave()
    {
        lock (_lock)
        {
            while (_turns.TryDequeue(out var owner))
            {
                var own = _waiting[owner];
                if (own.First is not { } next)
                {
                    _waiting.Remove(owner);
                    continue;
                }

                Remove(next);
                _turns.Enqueue(owner);
                next.Value.TrySetResult(true);
                return;
            }

            _running--;
        }
    }
}
