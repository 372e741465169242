using Microsoft.Extensions.Logging;

namespace Tunnel.Edge.Connecting;

internal static partial class ResumptionLog
{
    [LoggerMessage(
        3120, LogLevel.Error,
        "An attempt to go on with a tunnel that has lost its connection failed by an error of this program. Please report this.")]
    public static partial void Faulted(ILogger logger, Exception exception);
}
