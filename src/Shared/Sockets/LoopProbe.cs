namespace Tunnel.Shared.Sockets;

/// <summary>Checks that an event loop still runs, by posting an action to it.</summary>
internal sealed class LoopProbe(EventLoop loop, string name)
{
    private readonly Lock _asking = new();
    private Task _answer = Task.CompletedTask;

    /// <summary>The loop's name, for operators.</summary>
    public string Name => name;

    /// <summary>
    /// Completes when the loop has had a turn. While a loop hangs only one action is posted, however often this is called.
    /// </summary>
    public Task AskAsync()
    {
        lock (_asking)
        {
            if (!_answer.IsCompleted)
                return _answer;
            var asked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _answer = asked.Task;
            loop.Post(asked.SetResult);
            return _answer;
        }
    }
}
