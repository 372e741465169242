namespace Tunnel.Shared.Sockets;

/// <summary>
/// The process's event loops, made when the first socket needs one. Half as many as cores: with two loops on two cores each kept waking the other for
/// sockets whose bytes the first was already moving, at 7 to 16 % more CPU time for a byte (docs/performance.md).
/// </summary>
internal static class EventLoops
{
    private static readonly Lazy<EventLoop[]> Loops = new(static () =>
        [.. Enumerable.Range(0, Math.Max(1, Environment.ProcessorCount / 2)).Select(static index => EventLoop.Start($"sockets-{index}"))]);

    private static readonly Lazy<EventLoop> ForDatagrams = new(static () => EventLoop.Start("datagrams"));

    private static int _next;

    /// <summary>The loop of connected UDP sockets.</summary>
    public static EventLoop Datagrams => ForDatagrams.Value;

    /// <summary>The loop for one more socket.</summary>
    public static EventLoop Next()
    {
        var loops = Loops.Value;
        return loops.Length == 1 ? loops[0] : loops[(uint)Interlocked.Increment(ref _next) % loops.Length];
    }
}
