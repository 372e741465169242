using System.Runtime.ExceptionServices;
using Microsoft.Extensions.Logging;

namespace Tunnel.FuzzTests.Mux;

/// <summary>
/// Sees what a tunnel does not tell: what it logs as an error of its own, and exceptions that only mistakes give rise to, whoever has
/// caught them.
/// </summary>
internal sealed class DefectWatch : ILoggerFactory, ILogger
{
    [ThreadStatic]
    private static Exception? _thrown;

    private Exception? _logged;

    static DefectWatch() => AppDomain.CurrentDomain.FirstChanceException += static (_, thrown) => Note(thrown);

    /// <exception cref="InvalidOperationException">There was such an error or exception since the last look.</exception>
    public void ThrowIfAny()
    {
        var (logged, thrown) = (Interlocked.Exchange(ref _logged, null), _thrown);
        _thrown = null;
        if ((logged ?? thrown) is { } defect)
            throw new InvalidOperationException($"a mistake inside: {defect.GetType().Name} {defect.Message}", defect);
    }

    public static void Forget() => _thrown = null;

    public ILogger CreateLogger(string categoryName) => this;

    public void AddProvider(ILoggerProvider provider)
    {
    }

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Error;

    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
        _logged ??= exception ?? new InvalidOperationException(formatter(state, exception));

    public void Dispose()
    {
    }

    private static void Note(FirstChanceExceptionEventArgs thrown)
    {
        if (thrown.Exception is NullReferenceException or IndexOutOfRangeException or ArgumentException or KeyNotFoundException
            or InvalidCastException
            or ArithmeticException or ObjectDisposedException or NotSupportedException)
        {
            _thrown ??= thrown.Exception;
        }
    }
}
