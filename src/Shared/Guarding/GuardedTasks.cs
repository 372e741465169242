namespace Tunnel.Shared.Guarding;

/// <summary>Starts work that nobody waits for without losing its exceptions (<see cref="Defects"/>).</summary>
public static class GuardedTasks
{
    /// <summary>
    /// Lets a task go on without a caller that waits for it: what it throws is noted, and otherwise nobody would learn of it. A task that
    /// was cancelled has thrown nothing. Costs nothing when the task has completed already.
    /// </summary>
    /// <param name="task">The task.</param>
    /// <param name="where">What the task does, for the log.</param>
    public static void Guard(this Task task, string where)
    {
        if (!task.IsCompletedSuccessfully)
            _ = WatchAsync(task, where);
    }

    private static async Task WatchAsync(Task task, string where)
    {
        try
        {
            await task.ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (task.IsCanceled)
        {
        }
        catch (Exception e)
        {
            Defects.Note(where, e);
        }
    }
}
