using Microsoft.Extensions.Logging;

namespace Tunnel.Hub.Edges.Presence;

internal static partial class PresenceLog
{
    [LoggerMessage(2170, LogLevel.Warning, "When edges were last seen before this start is not known: {Path} can't be read ({Error})")]
    public static partial void NotRead(ILogger logger, string path, string error);

    [LoggerMessage(
        2171, LogLevel.Warning, "When edges were last seen will not be known after a restart: {Path} can't be written ({Error})")]
    public static partial void NotSaved(ILogger logger, string path, string error);
}
