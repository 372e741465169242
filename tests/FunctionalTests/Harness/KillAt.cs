using Tunnel.TestUtilities.Processes;

namespace Tunnel.FunctionalTests.Harness;

/// <summary>Kills a process on its way into a system call, before the kernel has done it.</summary>
internal static class KillAt
{
    /// <summary>The last step but one of saving a file, which gives it its name.</summary>
    public const string Rename = "rename,renameat,renameat2";

    /// <summary>Watches a process from now on; the result is to be disposed of.</summary>
    /// <param name="victim">The process.</param>
    /// <param name="call">The system call, or several with commas between them.</param>
    /// <param name="time">Which of these calls, counted for each thread: the steps of one save are made on one thread.</param>
    public static async Task<ManagedProcess> AttachAsync(ManagedProcess victim, string call, int time)
    {
        var tracer = ManagedProcess.Start(
            "strace", DebianProgram.Strace,
            ["-f", "-p", $"{victim.Id}", "-e", $"trace={call}", "-e", $"inject={call}:signal=KILL:when={time}"]);
        await tracer.WaitForLineAsync("attached");
        return tracer;
    }
}
