namespace Tunnel.Bench.Load.Soak;

/// <summary>Lets conversations begin, or holds them back until those that go on have ended.</summary>
internal sealed class Gate
{
    private readonly Lock _lock = new();
    private TaskCompletionSource _open = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _inside;

    public Gate() => _open.SetResult();

    public async Task EnterAsync()
    {
        while (true)
        {
            Task open;
            lock (_lock)
            {
                open = _open.Task;
                if (open.IsCompleted)
                {
                    _inside++;
                    return;
                }
            }

            await open;
        }
    }

    public void Leave()
    {
        lock (_lock)
            _inside--;
    }

    /// <summary>Holds new ones back, and waits until nobody is inside.</summary>
    public async Task CloseAsync()
    {
        lock (_lock)
            _open = new(TaskCreationOptions.RunContinuationsAsynchronously);
        while (true)
        {
            lock (_lock)
            {
                if (_inside == 0)
                    return;
            }

            await Task.Delay(100);
        }
    }

    public void Open()
    {
        lock (_lock)
            _open.TrySetResult();
    }
}
