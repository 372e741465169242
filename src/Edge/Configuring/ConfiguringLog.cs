using Microsoft.Extensions.Logging;

namespace Tunnel.Edge.Configuring;

/// <summary>Event 3106.</summary>
internal static partial class ConfiguringLog
{
    [LoggerMessage(3106, LogLevel.Information, "Configuration {Revision} is applied: {Bound} ports are bound, {Failed} could not be")]
    public static partial void ConfigApplied(ILogger logger, long revision, int bound, int failed);
}
