using Microsoft.Extensions.Logging;
using Tunnel.Edge.Endpoints;

namespace Tunnel.Edge.Udp;

/// <summary>Events 3200–3299.</summary>
internal static partial class UdpLog
{
    [LoggerMessage(
        3200, LogLevel.Error, "Receiving on {Port} ended by an error of this program, and the port is closed. Please report this.")]
    public static partial void ReceiveLoopFaulted(ILogger logger, PortKey port, Exception exception);

    [LoggerMessage(3201, LogLevel.Debug, "{Count} idle UDP sessions ended")]
    public static partial void SessionsIdle(ILogger logger, int count);
}
