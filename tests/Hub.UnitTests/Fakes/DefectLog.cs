using Microsoft.Extensions.Logging;

namespace Tunnel.Hub.UnitTests.Fakes;

/// <summary>Collects what is logged of exceptions that nobody expected.</summary>
internal sealed class DefectLog : ILogger
{
    private readonly Lock _lock = new();
    private readonly List<string> _exceptions = [];

    public bool Has(string message)
    {
        lock (_lock)
            return _exceptions.Contains(message);
    }

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        lock (_lock)
            _exceptions.Add(exception?.Message ?? "");
    }
}
