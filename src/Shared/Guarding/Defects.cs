using System.Collections.Immutable;
using Microsoft.Extensions.Logging;

namespace Tunnel.Shared.Guarding;

/// <summary>
/// Catches exceptions that have no caller above to catch them and would otherwise end the process, such as those of event loops and timers.
/// Whoever runs such work catches everything and reports it here, so that the rest goes on. The first exception of each kind is logged with
/// its stack.
/// </summary>
public static class Defects
{
    // How many kinds are remembered. Once so many have been seen, further kinds are counted but not logged.
    private const int MaxKinds = 256;

    private static readonly Lock Telling = new();
    private static readonly HashSet<string> Kinds = [];
    private static ImmutableArray<ILogger> _loggers = [];
    private static long _count;

    /// <summary>How many exceptions were caught in this process.</summary>
    public static long Count => Volatile.Read(ref _count);

    /// <summary>Logs caught exceptions to <paramref name="logger"/> until the result is disposed.</summary>
    public static IDisposable LogTo(ILogger logger)
    {
        lock (Telling)
            _loggers = _loggers.Add(logger);
        return new Subscription(logger);
    }

    /// <summary>Counts a caught exception, and logs it if it is the first of its kind.</summary>
    /// <param name="where">What threw the exception, for the log.</param>
    /// <param name="exception">The exception that was caught.</param>
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

    /// <summary>Runs an action whose failure must not stop others: catches and notes whatever it throws.</summary>
    /// <param name="where">What the action is, for the log.</param>
    /// <param name="action">The action to run.</param>
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

    /// <summary>
    /// Runs work whose failure must not keep what follows from being done: catches and notes whatever it throws, unless it was cancelled.
    /// </summary>
    /// <param name="where">What the work is, for the log.</param>
    /// <param name="work">The work.</param>
    /// <param name="cancellationToken">Once it is cancelled, exceptions go on to the caller.</param>
    /// <returns>The exception that was thrown; null when there was none.</returns>
    public static async Task<Exception?> TryAsync(string where, Func<Task> work, CancellationToken cancellationToken)
    {
        try
        {
            await work().ConfigureAwait(false);
            return null;
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            Note(where, e);
            return e;
        }
    }

    // Two exceptions of the same type from the same place are of one kind, whatever their messages say.
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
