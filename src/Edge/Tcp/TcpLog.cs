using System.Net;
using Microsoft.Extensions.Logging;
using Tunnel.Edge.Endpoints;
using Tunnel.Edge.Refusing;
using Tunnel.Shared.Protocol;

namespace Tunnel.Edge.Tcp;

/// <summary>Events 3004–3099.</summary>
internal static partial class TcpLog
{
    [LoggerMessage(3004, LogLevel.Warning, "Clients of {Port} can't be accepted ({Error}); it is tried again every {Pause:0.#} s")]
    public static partial void AcceptFailed(ILogger logger, PortKey port, string error, double pause);

    [LoggerMessage(3005, LogLevel.Warning,
        "Clients are refused because {Open} of at most {Limit} file descriptors are in use ({Refused} refused so far). Raise the limit "
            + "(LimitNOFILE=, ulimit -n)")]
    public static partial void DescriptorsShort(ILogger logger, long open, long limit, long refused);

    [LoggerMessage(3006, LogLevel.Debug, "Refused {Client} on {Port}: {Reason}")]
    public static partial void ClientRefused(ILogger logger, EndPoint? client, PortKey port, RefusalReason reason);

    [LoggerMessage(3010, LogLevel.Debug, "{Client} on {Port} has a stream ({Id})")]
    public static partial void ClientTaken(ILogger logger, EndPoint? client, PortKey port, ConnectionId id);

    [LoggerMessage(3007, LogLevel.Information, "Connections of {Port} that did not finish in time and were reset: {Count}")]
    public static partial void DrainTimedOut(ILogger logger, PortKey port, int count);

    [LoggerMessage(
        3008, LogLevel.Error, "Accepting clients of {Port} ended by an error of this program, and the port is closed. Please report this.")]
    public static partial void AcceptLoopFaulted(ILogger logger, PortKey port, Exception exception);

    [LoggerMessage(3009, LogLevel.Error, "{Client} on {Port} was lost by an error of this program. Please report this.")]
    public static partial void ClientFaulted(ILogger logger, EndPoint? client, PortKey port, Exception exception);
}
