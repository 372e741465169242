using Microsoft.Extensions.Logging;

namespace Tunnel.Edge.Configuring;

/// <summary>Event 3106.</summary>
internal static partial class ConfiguringLog
{
    [LoggerMessage(3106, LogLevel.Information, "Configuration {Revision} is applied; ports bound: {Bound}, not bound: {Failed}")]
    public static partial void ConfigApplied(ILogger logger, long revision, int bound, int failed);
}
