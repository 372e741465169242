using Microsoft.Extensions.Logging;

namespace Tunnel.Hub.Admin;

/// <summary>Event ids 2300–2399; bodies and secrets are never among the arguments.</summary>
internal static partial class AdminLog
{
    [LoggerMessage(2300, LogLevel.Warning, "{Method} {Path} failed: {Message}")]
    public static partial void Failed(ILogger logger, string method, string path, string message);

    [LoggerMessage(2301, LogLevel.Error, "{Method} {Path} failed unexpectedly")]
    public static partial void Broken(ILogger logger, Exception error, string method, string path);
}
