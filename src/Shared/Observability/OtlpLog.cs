using Microsoft.Extensions.Logging;

namespace Tunnel.Shared.Observability;

/// <summary>Event ids 5310–5319.</summary>
internal static partial class OtlpLog
{
    [LoggerMessage(
        5310, LogLevel.Warning, "Metrics could not be pushed to {Endpoint}, and further failures are not logged for a minute: {Failure}")]
    public static partial void PushFailed(ILogger logger, Uri endpoint, string failure);
}
