namespace Tunnel.Shared.Sockets;

/// <summary>
/// The process's event loops, created when the first socket needs one. There are half as many as cores, because with two loops on two cores
/// each kept waking the other for sockets whose bytes the first was already moving, at 7 to 16 % more CPU time per byte
/// (docs/performance.md).
/// </summary>
public static class EventLoops
{
    /// <summary>A round of events takes milliseconds; one that takes this long is a callback that hangs.</summary>
    private static readonly TimeSpan TurnLimit = TimeSpan.FromSeconds(2);

    private static readonly Lazy<EventLoop[]> Loops = new(static () =>
        [.. Enumerable.Range(0, Math.Max(1, Environment.ProcessorCount / 2)).Select(static index => Start($"sockets-{index}"))]);

    private static readonly Lazy<EventLoop> ForDatagrams = new(static () => Start("datagrams"));

    private static readonly Lock Starting = new();
    private static volatile LoopProbe[] _probes = [];
    private static int _next;

    /// <summary>The loop of connected UDP sockets.</summary>
    internal static EventLoop Datagrams => ForDatagrams.Value;

    /// <summary>Chooses the loop for one more socket, in turn.</summary>
    internal static EventLoop Next()
    {
        var loops = Loops.Value;
        return loops.Length == 1 ? loops[0] : loops[(uint)Interlocked.Increment(ref _next) % loops.Length];
    }

    /// <summary>Checks that each loop still runs.</summary>
    /// <returns>Names a loop that hangs, in words for the log; null when all run.</returns>
    public static Task<string?> FindStuckAsync(TimeProvider time) => FindStuckAsync(_probes, time);

    internal static async Task<string?> FindStuckAsync(LoopProbe[] probes, TimeProvider time)
    {
        var answers = Array.ConvertAll(probes, static probe => probe.AskAsync());
        await Task.WhenAll(answers).WaitAsync(TurnLimit, time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        var stuck = Array.FindIndex(answers, static answer => !answer.IsCompleted);
        return stuck < 0
            ? null
            : $"event loop {probes[stuck].Name} has not turned for {TurnLimit.TotalSeconds:0} s: its sockets stand still";
    }

    private static EventLoop Start(string name)
    {
        var loop = EventLoop.Start(name);
        lock (Starting)
            _probes = [.. _probes, new LoopProbe(loop, name)];
        return loop;
    }
}
