namespace Tunnel.Shared.Guarding;

/// <summary>Waits for tasks that may take longer than their caller likes to wait.</summary>
public static class TimedTasks
{
    /// <summary>Waits until a task has ended, however it has, but no longer than a limit; the task itself goes on.</summary>
    /// <param name="task">The task.</param>
    /// <param name="limit">The limit.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>Whether the task has ended.</returns>
    /// <exception cref="OperationCanceledException">The wait was cancelled.</exception>
    public static async Task<bool> EndsWithinAsync(
        this Task task, TimeSpan limit, TimeProvider time, CancellationToken cancellationToken)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        await Task.WhenAny(task, Task.Delay(limit, time, over.Token));
        await over.CancelAsync();
        cancellationToken.ThrowIfCancellationRequested();
        return task.IsCompleted;
    }
}
