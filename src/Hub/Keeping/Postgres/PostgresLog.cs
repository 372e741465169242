using Microsoft.Extensions.Logging;

namespace Tunnel.Hub.Keeping.Postgres;

/// <summary>Event ids 2120–2159; connection strings are never among the arguments.</summary>
internal static partial class PostgresLog
{
    [LoggerMessage(2120, LogLevel.Information, "The state is shared in the {Database}")]
    public static partial void Connected(ILogger logger, string database);

    [LoggerMessage(
        2121, LogLevel.Error, "{Fault} The last known state stays in force, and changes are refused until the database is back")]
    public static partial void Away(ILogger logger, string fault);

    [LoggerMessage(2123, LogLevel.Error, "{Fault} What else hubs share is used as ever")]
    public static partial void Unreadable(ILogger logger, string fault);

    [LoggerMessage(2122, LogLevel.Warning, "The last known state could not be kept in {Path}; the database has it")]
    public static partial void NotKept(ILogger logger, Exception error, string path);
}
