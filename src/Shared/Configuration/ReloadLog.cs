using Microsoft.Extensions.Logging;

namespace Tunnel.Shared.Configuration;

/// <summary>Event ids 5300–5309.</summary>
internal static partial class ReloadLog
{
    [LoggerMessage(5300, LogLevel.Error, "The configuration file has changed and is not valid; everything stays as it was: {Error}")]
    public static partial void Invalid(ILogger logger, ConfigurationError error);

    [LoggerMessage(5301, LogLevel.Information, "The configuration file has changed; in force now: {Settings}")]
    public static partial void Changed(ILogger logger, string settings);

    [LoggerMessage(
        5302, LogLevel.Warning, "The configuration file has changed, but {Settings} can't change without a restart of the service")]
    public static partial void NeedsRestart(ILogger logger, string settings);

    [LoggerMessage(
        5304, LogLevel.Warning,
        "The configuration file {Path} can't be read ({Error}), so that it is not known whether it has changed; everything "
        + "stays as it was, and it is read again later")]
    public static partial void Unreadable(ILogger logger, string path, string error);

    [LoggerMessage(5303, LogLevel.Error, "The changed configuration could not be applied")]
    public static partial void Failed(ILogger logger, Exception error);
}
