using Microsoft.Extensions.Logging;

namespace Tunnel.Shared.Hosting.Logging;

/// <summary>A service's log: its factory, and the options, which may change at any time.</summary>
public sealed class ServiceLog : IDisposable
{
    private readonly ILoggerFactory _factory;
    private volatile LogOptions _options;

    internal ServiceLog(LogOptions options, bool journal)
    {
        _options = options;
        _factory = ServiceLogging.CreateFactory(this, journal);
        Factory = BoundedLoggerFactory.Bound(_factory, TimeProvider.System);
    }

    /// <summary>Creates loggers that others can't flood.</summary>
    public ILoggerFactory Factory { get; }

    /// <summary>The options in force.</summary>
    public LogOptions Options
    {
        get => _options;
        set => _options = value;
    }

    /// <summary>Writes the lines that still wait, and ends the log.</summary>
    public void Dispose() => _factory.Dispose();
}
