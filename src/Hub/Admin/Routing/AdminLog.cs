using System.Net;
using Microsoft.Extensions.Logging;

namespace Tunnel.Hub.Admin.Routing;

/// <summary>Event ids 2300–2399 and 5200–5299; bodies and secrets are never among the arguments.</summary>
internal static partial class AdminLog
{
    [LoggerMessage(2300, LogLevel.Warning, "{Method} {Path} failed: {Message}")]
    public static partial void Failed(ILogger logger, string method, string path, string message);

    [LoggerMessage(2301, LogLevel.Error, "{Method} {Path} failed unexpectedly")]
    public static partial void Broken(ILogger logger, Exception error, string method, string path);

    [LoggerMessage(5200, LogLevel.Warning, "{Remote} came to the admin API with a wrong key")]
    public static partial void WrongKey(ILogger logger, IPAddress remote);

    [LoggerMessage(
        5201, LogLevel.Warning,
        "{Remote} came to the admin API with a wrong key too often; for a minute it is told to wait, and not logged")]
    public static partial void Blocked(ILogger logger, IPAddress remote);
}
