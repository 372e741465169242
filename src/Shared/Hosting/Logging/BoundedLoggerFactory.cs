using System.Net;
using Microsoft.Extensions.Logging;

namespace Tunnel.Shared.Hosting.Logging;

/// <summary>
/// Creates loggers that nobody can flood. Nearly every line of a hub or an edge can be caused by somebody else as often as they like: a
/// client, a stranger, an edge, a hub, a user of the API. So the bound is here, for each kind of line (its event id) and peer, and not at
/// the places that log. Debug lines are not bounded.
/// </summary>
public sealed class BoundedLoggerFactory : ILoggerFactory
{
    // Names of values that tell who causes a line, the most reliable first: a stranger may invent an edge's id.
    private static readonly string[] PeerNames = ["Remote", "Newcomer", "EdgeId", "Ip"];

    // Names of values that tell what a line is about, where one peer causes several.
    private static readonly string[] SubjectNames = ["Port", "Reason", "Error", "Path"];

    private readonly ILoggerFactory _inner;
    private readonly FloodGate _lock;

    private BoundedLoggerFactory(ILoggerFactory inner, TimeProvider time) => (_inner, _lock) = (inner, new FloodGate(time));

    /// <summary>
    /// Bounds what <paramref name="inner"/> logs; its owner still disposes it. A factory that is already bounded is returned as it is.
    /// </summary>
    public static ILoggerFactory Bound(ILoggerFactory inner, TimeProvider time) =>
        inner as BoundedLoggerFactory ?? new BoundedLoggerFactory(inner, time);

    /// <inheritdoc/>
    public ILogger CreateLogger(string categoryName) => new BoundedLogger(_inner.CreateLogger(categoryName), _lock);

    /// <inheritdoc/>
    public void AddProvider(ILoggerProvider provider) => _inner.AddProvider(provider);

    /// <inheritdoc/>
    public void Dispose()
    {
    }

    private static object? PeerOf(IReadOnlyList<KeyValuePair<string, object?>> values)
    {
        foreach (var name in PeerNames)
        {
            if (Find(values, name) is { } value)
                return value is IPEndPoint endPoint ? endPoint.Address : value;
        }

        return null;
    }

    private static object? SubjectOf(IReadOnlyList<KeyValuePair<string, object?>> values)
    {
        object? subject = null;
        foreach (var name in SubjectNames)
        {
            if (Find(values, name) is { } value)
                subject = subject is null ? value : (subject, value);
        }

        return subject;
    }

    private static object? Find(IReadOnlyList<KeyValuePair<string, object?>> values, string name)
    {
        for (var i = 0; i < values.Count; i++)
        {
            if (values[i] is { Value: { } value } found && found.Key == name)
                return value;
        }

        return null;
    }

    private sealed class BoundedLogger(ILogger inner, FloodGate gate) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => inner.BeginScope(state);

        public bool IsEnabled(LogLevel logLevel) => inner.IsEnabled(logLevel);

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (!inner.IsEnabled(logLevel))
                return;
            long leftOut = 0;
            if (logLevel >= LogLevel.Information)
            {
                var values = state as IReadOnlyList<KeyValuePair<string, object?>> ?? [];
                if (!gate.TryEnter(eventId.Id, PeerOf(values), SubjectOf(values), out leftOut))
                    return;
            }

            if (leftOut == 0)
            {
                inner.Log(logLevel, eventId, state, exception, formatter);
            }
            else
            {
                inner.Log(
                    logLevel, eventId, state, exception,
                    (all, error) => $"{formatter(all, error)} (and {leftOut} more such lines before it, which were left out)");
            }
        }
    }
}
