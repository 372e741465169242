using System.Net;
using Microsoft.Extensions.Logging;

namespace Tunnel.Shared.Hosting;

/// <summary>Event ids 4000–4099.</summary>
internal static partial class HostingLog
{
    [LoggerMessage(4000, LogLevel.Information, "{Service} is ready: {Status}")]
    public static partial void Ready(ILogger logger, string service, string status);

    [LoggerMessage(
        4001, LogLevel.Information, "{Service} stops on {Signal}, draining for at most {Seconds} s; a second signal ends it at once")]
    public static partial void Stopping(ILogger logger, string service, string signal, double seconds);

    [LoggerMessage(4002, LogLevel.Information, "{Service} has stopped")]
    public static partial void Stopped(ILogger logger, string service);

    [LoggerMessage(4003, LogLevel.Warning, "{Service} ends at once on a second {Signal}, and its streams are cut")]
    public static partial void Forced(ILogger logger, string service, string signal);

    [LoggerMessage(4004, LogLevel.Critical, "{Service} could not start")]
    public static partial void StartFailed(ILogger logger, Exception error, string service);

    [LoggerMessage(4005, LogLevel.Critical, "{Service} failed")]
    public static partial void Failed(ILogger logger, Exception error, string service);

    [LoggerMessage(4006, LogLevel.Critical, "{Service}: {Problem}")]
    public static partial void StartRefused(ILogger logger, string service, string problem);

    [LoggerMessage(4007, LogLevel.Error, "The health check failed or took too long, so the watchdog is not fed")]
    public static partial void HealthUnknown(ILogger logger, Exception error);

    [LoggerMessage(4008, LogLevel.Error, "The watchdog is not fed: {Fault}")]
    public static partial void Unhealthy(ILogger logger, string fault);

    [LoggerMessage(4010, LogLevel.Information, "The socket {Path} of a process that is gone was replaced")]
    public static partial void StaleSocket(ILogger logger, string path);

    [LoggerMessage(
        4013, LogLevel.Warning, "Users other than its owner could write to {Path}, which is mended. Check that what is in it is yours")]
    public static partial void OthersCouldWrite(ILogger logger, string path);

    [LoggerMessage(4011, LogLevel.Debug, "The admin API listens on {Path}")]
    public static partial void AdminListening(ILogger logger, string path);

    [LoggerMessage(4014, LogLevel.Warning, "The admin API could not accept a connection at {EndPoint}: {Error}")]
    public static partial void AdminAcceptFailed(ILogger logger, EndPoint endPoint, string error);

    [LoggerMessage(4012, LogLevel.Error, "A subscriber to {Event} threw an exception")]
    public static partial void SubscriberFailed(ILogger logger, Exception error, string @event);
}
