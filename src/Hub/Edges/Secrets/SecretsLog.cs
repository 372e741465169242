using Microsoft.Extensions.Logging;

namespace Tunnel.Hub.Edges.Secrets;

/// <summary>Event ids 2110–2149; secrets are never among the arguments.</summary>
internal static partial class SecretsLog
{
    [LoggerMessage(
        2110, LogLevel.Warning, "{Path} or its key can't be read; each edge with a chosen secret costs a slow hash when it connects next")]
    public static partial void MemoryNotRead(ILogger logger, Exception error, string path);

    [LoggerMessage(2111, LogLevel.Warning, "{Path} could not be saved; after a restart, edges with chosen secrets cost a slow hash each")]
    public static partial void MemoryNotSaved(ILogger logger, Exception error, string path);
}
