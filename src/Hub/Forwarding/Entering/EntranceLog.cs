using Microsoft.Extensions.Logging;

namespace Tunnel.Hub.Forwarding.Entering;

internal static partial class EntranceLog
{
    [LoggerMessage(2264, LogLevel.Debug, "Edge '{EdgeId}' port tcp/{Port}: the TLS handshake with a client failed: {Reason} ({Id})")]
    public static partial void HandshakeFailed(ILogger logger, string edgeId, int port, string reason, string id);
}
