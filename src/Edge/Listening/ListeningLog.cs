using System.Net;
using Microsoft.Extensions.Logging;

namespace Tunnel.Edge.Listening;

/// <summary>Events 3000–3099.</summary>
internal static partial class ListeningLog
{
    [LoggerMessage(3000, LogLevel.Information, "Listening on {Port}")]
    public static partial void PortBound(this ILogger logger, PortRun port);

    [LoggerMessage(3001, LogLevel.Warning, "Can't listen on {Port}: {Error}")]
    public static partial void PortFailed(this ILogger logger, PortRun port, string error);

    [LoggerMessage(3002, LogLevel.Information, "No longer listening on {Port}; {Active} open connections have {Drain:0.#} s to finish")]
    public static partial void PortRemoved(this ILogger logger, PortRun port, int active, double drain);

    [LoggerMessage(3003, LogLevel.Information, "IPv6 is switched off on this machine: listening on {Address} instead of {Wanted}")]
    public static partial void Ipv6Off(this ILogger logger, IPAddress wanted, IPAddress address);

    [LoggerMessage(3004, LogLevel.Warning, "Accepting on {Port} failed ({Error}); trying again every {Pause:0.#} s")]
    public static partial void AcceptFailed(this ILogger logger, PortKey port, string error, double pause);

    [LoggerMessage(3005, LogLevel.Warning,
        "Clients are refused because {Open} of at most {Limit} file descriptors are in use ({Refused} refused so far). Raise the limit (LimitNOFILE=, ulimit -n)")]
    public static partial void DescriptorsShort(this ILogger logger, long open, long limit, long refused);

    [LoggerMessage(3006, LogLevel.Debug, "Refused {Client} on {Port}: {Reason}")]
    public static partial void ClientRefused(this ILogger logger, EndPoint? client, PortKey port, RefusalReason reason);

    [LoggerMessage(3007, LogLevel.Information, "{Count} connections of {Port} did not finish in time and were reset")]
    public static partial void DrainTimedOut(this ILogger logger, PortKey port, int count);

    [LoggerMessage(3008, LogLevel.Error, "The accept loop of {Port} ended by a fault; the port is closed")]
    public static partial void AcceptLoopFaulted(this ILogger logger, PortKey port, Exception exception);
}
