namespace Tunnel.Shared.Transport.Streams;

/// <summary>
/// How many streams of a tunnel are not over yet, and who waits for the last one to be. All members are used with the tunnel's lock held.
/// </summary>
internal sealed class UnfinishedStreams
{
    private TaskCompletionSource? _allOver;
    private int _count;

    /// <summary>Readable without the lock.</summary>
    public int Count => Volatile.Read(ref _count);

    public void Add() => _count++;

    public void Finish()
    {
        if (--_count == 0)
            ReleaseWaiting();
    }

    /// <summary>Completes when there is none.</summary>
    public Task WaitAsync()
    {
        if (_count == 0)
            return Task.CompletedTask;
        _allOver ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        return _allOver.Task;
    }

    /// <summary>The tunnel is over: nobody waits any longer.</summary>
    public void ReleaseWaiting()
    {
        _allOver?.TrySetResult();
        _allOver = null;
    }
}
