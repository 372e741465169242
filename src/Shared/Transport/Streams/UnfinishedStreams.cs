namespace Tunnel.Shared.Transport.Streams;

/// <summary>
/// Counts the streams of a tunnel that have not ended yet, and holds the waits for the last one's end. All members are used with the
/// tunnel's lock held.
/// </summary>
internal sealed class UnfinishedStreams
{
    private TaskCompletionSource? _allOver;
    private int _count;

    /// <summary>The number of streams that have not ended. Readable without the lock.</summary>
    public int Count => Volatile.Read(ref _count);

    public void Add() => _count++;

    public void Finish()
    {
        if (--_count == 0)
            ReleaseWaiting();
    }

    /// <summary>Completes when no stream is left.</summary>
    public Task WaitAsync()
    {
        if (_count == 0)
            return Task.CompletedTask;
        _allOver ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        return _allOver.Task;
    }

    /// <summary>Completes all waits, because no stream is left or the tunnel has ended.</summary>
    public void ReleaseWaiting()
    {
        _allOver?.TrySetResult();
        _allOver = null;
    }
}
