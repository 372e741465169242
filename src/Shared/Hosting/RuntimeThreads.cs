namespace Tunnel.Shared.Hosting;

/// <summary>
/// Creates threads of the pool before they are needed. To create one, the runtime needs two descriptors for a moment, and it ends the
/// process ("Out of memory") when it can't have them. The programs' runtime settings (ThreadsToKeepAlive) keep as many alive.
/// </summary>
internal static class RuntimeThreads
{
    private const int Count = 8;

    /// <summary>Starts to create the threads, and returns at once.</summary>
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
                    // Each work item keeps its thread busy until the last one has started.
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
