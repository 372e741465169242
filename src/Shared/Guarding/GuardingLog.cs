using Microsoft.Extensions.Logging;

namespace Tunnel.Shared.Guarding;

internal static partial class GuardingLog
{
    [LoggerMessage(
        1020, LogLevel.Error, "Internal error in {Where}; the rest goes on, and the same error is not logged again. Please report this.")]
    public static partial void Defect(ILogger logger, Exception exception, string where);
}
