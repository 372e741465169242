namespace Tunnel.TestUtilities.Processes;

/// <summary>
/// Waits for a process to which SIGSTOP was sent: the kernel stops its threads one after the other, and until then they do their work.
/// </summary>
internal static class StoppedProcess
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);

    /// <exception cref="TimeoutException">The process still runs.</exception>
    public static void Await(int process)
    {
        if (!SpinWait.SpinUntil(() => IsStopped(process), Limit))
            throw new TimeoutException($"Process {process} was to be stopped, and still runs after {Limit.TotalSeconds} s.");
    }

    // The state follows the name, which may have spaces and parentheses itself (proc_pid_stat(5)). A process that is gone, and one that
    // waits for its parent to notice, runs no more either.
    private static bool IsStopped(int process)
    {
        try
        {
            return Directory.GetDirectories($"/proc/{process}/task").All(
                static thread => File.ReadAllText($"{thread}/stat") is var stat && stat[stat.LastIndexOf(')') + 2] is 'T' or 'Z' or 'X');
        }
        catch (IOException)
        {
            // A thread has ended meanwhile, or the whole process.
            return !Directory.Exists($"/proc/{process}");
        }
    }
}
