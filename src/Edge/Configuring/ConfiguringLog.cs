using Microsoft.Extensions.Logging;

namespace Tunnel.Edge.Configuring;

/// <summary>Events 3106 and 3111.</summary>
internal static partial class ConfiguringLog
{
    [LoggerMessage(3106, LogLevel.Information, "Configuration {Revision}: {Bound} ports bound, {Failed} can't be")]
    public static partial void ConfigApplied(ILogger logger, long revision, int bound, int failed);

    [LoggerMessage(3111, LogLevel.Error, "The configuration could not be applied")]
    public static partial void ConfigFaulted(ILogger logger, Exception exception);
}
