using System.Net;
using Microsoft.Extensions.Logging;

namespace Tunnel.Shared.Transport.Mux.Lanes;

/// <summary>Events 5700–5749.</summary>
internal static partial class LaneLog
{
    [LoggerMessage(
        5700, LogLevel.Information, "Lane {Index} of {Name} to {Remote} is open: new streams need not wait behind those that move bulk")]
    public static partial void Opened(ILogger logger, string name, int index, IPEndPoint remote);

    [LoggerMessage(
        EventId = 5701, Message = "Lane {Index} of {Name} is lost with its streams ({Kind}: {Detail}); the tunnel's others go on")]
    public static partial void Lost(ILogger logger, LogLevel level, string name, int index, TunnelEndKind kind, string detail);

    [LoggerMessage(EventId = 5702, Message = "Lane {Index} of {Name} can't be opened, and is tried again later: {Fault}")]
    public static partial void Failed(ILogger logger, LogLevel level, string name, int index, string fault);

    [LoggerMessage(5703, LogLevel.Debug, "Lane {Index} of {Name} is closed: {Detail}")]
    public static partial void Closed(ILogger logger, string name, int index, string detail);

    [LoggerMessage(5704, LogLevel.Debug, "Streams on lane {Index} of {Name} that are to go to another lane, {Reason}: {Count}")]
    public static partial void Leaving(ILogger logger, string name, int index, int count, string reason);
}
