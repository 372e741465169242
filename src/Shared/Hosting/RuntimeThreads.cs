namespace Tunnel.Shared.Hosting;

/// <summary>
/// Makes threads of the pool before they are needed. To make one the runtime needs two descriptors for a moment, and ends the process ("Out
/// of memory") when it can't have them; the programs' runtime settings (ThreadsToKeepAlive) keep as many from ending.
/// </summary>
internal static class RuntimeThreads
{
    private const int Count = 8;

    /// <summary>Returns at once.</summary>
    public static void MakeEarly()
    {
        ThreadPool.GetMinThreads(out var workers, out var completions);
        if (workers < Count)
            ThreadPool.SetMinThreads(Count, completions);
        var missing = Count;
        var all = new ManualResetEventSlim();
        for (var i = 0; i < Count; i++)
        {
            ThreadPool.UnsafeQueueUserWorkItem(
                _ =>
                {
                    // Each holds its thread until the last one has come.
                    if (Interlocked.Decrement(ref missing) > 0)
                    {
                        all.Wait();
                        return;
                    }

                    ThreadPool.SetMinThreads(workers, completions);
                    all.Set();
                },
                null);
        }
    }
}
