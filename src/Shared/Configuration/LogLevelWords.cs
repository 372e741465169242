using Microsoft.Extensions.Logging;

namespace Tunnel.Shared.Configuration;

/// <summary>The words that operators write for log levels.</summary>
internal static class LogLevelWords
{
    public static readonly IReadOnlyDictionary<string, LogLevel> All = new Dictionary<string, LogLevel>(StringComparer.OrdinalIgnoreCase)
    {
        ["trace"] = LogLevel.Trace,
        ["debug"] = LogLevel.Debug,
        ["information"] = LogLevel.Information,
        ["info"] = LogLevel.Information,
        ["warning"] = LogLevel.Warning,
        ["warn"] = LogLevel.Warning,
        ["error"] = LogLevel.Error,
        ["critical"] = LogLevel.Critical,
        ["none"] = LogLevel.None,
    };
}
