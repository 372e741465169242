namespace Tunnel.Shared.Sockets;

/// <summary>Asks an event loop whether it turns, by something that it has to do next.</summary>
internal sealed class LoopProbe(EventLoop loop, string name)
{
    private readonly Lock _asking = new();
    private Task _answer = Task.CompletedTask;

    /// <summary>The loop's, for operators.</summary>
    public string Name => name;

    /// <summary>Completes when the loop has had a turn. A loop that hangs is asked once, however often this is called.</summary>
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
