using Microsoft.Extensions.Logging;

namespace Tunnel.Hub.Blocks;

/// <summary>Event ids 5550–5599.</summary>
internal static partial class BlocksLog
{
    [LoggerMessage(5550, LogLevel.Information, "{Ip} is blocked until {Until:u} at {Edges}")]
    public static partial void Blocked(ILogger logger, string ip, DateTimeOffset until, string edges);

    [LoggerMessage(5551, LogLevel.Information, "{Ip} is no longer blocked")]
    public static partial void Lifted(ILogger logger, string ip);

    [LoggerMessage(5552, LogLevel.Information, "Blocks of the last run that are still in force: {Count}")]
    public static partial void Loaded(ILogger logger, int count);

    [LoggerMessage(5553, LogLevel.Error, "{What} They are kept as {Aside}, and nothing is blocked")]
    public static partial void Damaged(ILogger logger, string what, string aside);
}
