using Microsoft.Extensions.Logging;

namespace Tunnel.Hub.Hooks;

internal static partial class HookLog
{
    [LoggerMessage(2250, LogLevel.Error, "The hook {Hook} threw an exception")]
    public static partial void Threw(ILogger logger, Exception exception, string hook);

    [LoggerMessage(2251, LogLevel.Information, "Edge '{EdgeId}' port tcp/{Port}: {Hook} refused a client: {Reason} ({Id})")]
    public static partial void Refused(ILogger logger, string edgeId, int port, string hook, string reason, string id);
}
