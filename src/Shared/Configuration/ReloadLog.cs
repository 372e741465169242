using Microsoft.Extensions.Logging;

namespace Tunnel.Shared.Configuration;

/// <summary>Event ids 5300–5309.</summary>
internal static partial class ReloadLog
{
    [LoggerMessage(5300, LogLevel.Error, "The configuration file has changed and is not valid; everything stays as it was: {Error}")]
    public static partial void Invalid(ILogger logger, ConfigurationError error);

    [LoggerMessage(5301, LogLevel.Information, "The configuration file has changed; in force now: {Settings}")]
    public static partial void Changed(ILogger logger, string settings);

    [LoggerMessage(5302, LogLevel.Warning, "The configuration file has changed, but {Settings} can't change without a restart")]
    public static partial void NeedsRestart(ILogger logger, string settings);

    [LoggerMessage(
        5304, LogLevel.Warning,
        "Whether the configuration file {Path} has changed is not known, since it could not be read ({Error}); everything stays as it "
        + "was, and it is tried again")]
    public static partial void Unreadable(ILogger logger, string path, string error);

    [LoggerMessage(5303, LogLevel.Error, "The changed configuration could not be applied")]
    public static partial void Failed(ILogger logger, Exception error);
}
