using System.Collections.Immutable;
using Microsoft.Extensions.Logging;

namespace Tunnel.Shared.Guarding;

/// <summary>
/// Exceptions where nobody is above who could catch them, and which would end the process: of what an event loop runs, and of timers.
/// Whoever runs such things catches all and tells it here, so that the others go on. Of each kind the first is logged with its stack.
/// </summary>
public static class Defects
{
    // Kinds that are remembered; beyond them nothing more is logged.
    private const int MaxKinds = 256;

    private static readonly Lock Telling = new();
    private static readonly HashSet<string> Kinds = [];
    private static ImmutableArray<ILogger> _loggers = [];
    private static long _count;

    /// <summary>How many there were in this process.</summary>
    public static long Count => Volatile.Read(ref _count);

    /// <summary>Has them logged, until the result is disposed.</summary>
    public static IDisposable LogTo(ILogger logger)
    {
        lock (Telling)
            _loggers = _loggers.Add(logger);
        return new Subscription(logger);
    }

    /// <summary>One was caught.</summary>
    /// <param name="where">What has thrown, for the log.</param>
    /// <param name="exception">What it was.</param>
    public static void Note(string where, Exception exception)
    {
        Interlocked.Increment(ref _count);
        ImmutableArray<ILogger> loggers;
        lock (Telling)
        {
            loggers = _loggers;
            if (loggers.IsEmpty || Kinds.Count >= MaxKinds || !Kinds.Add(KindOf(where, exception)))
                return;
        }

        foreach (var logger in loggers)
            GuardingLog.Defect(logger, exception, where);
    }

    /// <summary>Does something that must not end what others wait for, whatever it throws.</summary>
    /// <param name="where">What it is, for the log.</param>
    /// <param name="action">What is done.</param>
    public static void Run(string where, Action action)
    {
        try
        {
            action();
        }
        catch (Exception e)
        {
            Note(where, e);
        }
    }

    // The same exception at the same place, whatever its message says.
    private static string KindOf(string where, Exception exception)
    {
        var stack = exception.StackTrace ?? "";
        var end = stack.IndexOf('\n', StringComparison.Ordinal);
        return $"{where}: {exception.GetType()}{(end < 0 ? stack : stack[..end])}";
    }

    private sealed class Subscription(ILogger logger) : IDisposable
    {
        public void Dispose()
        {
            lock (Telling)
                _loggers = _loggers.Remove(logger);
        }
    }
}
