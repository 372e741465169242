using System.Net;
using Microsoft.Extensions.Logging;

namespace Tunnel.Hub;

internal static partial class HubLog
{
    [LoggerMessage(2400, LogLevel.Error, "A subscriber of {Event} threw")]
    public static partial void SubscriberFailed(ILogger logger, Exception exception, string @event);

    [LoggerMessage(2401, LogLevel.Warning, "The last run did not end in order; took up the state with {Edges} allowed edges")]
    public static partial void CrashRecovered(ILogger logger, int edges);

    [LoggerMessage(2402, LogLevel.Information, "Stopping: draining {Tunnels} tunnels for up to {Limit}")]
    public static partial void Stopping(ILogger logger, int tunnels, TimeSpan limit);

    [LoggerMessage(2403, LogLevel.Information, "Stopped")]
    public static partial void Stopped(ILogger logger);

    [LoggerMessage(2404, LogLevel.Information, "The hub listens on {EndPoint} and forwards to {TargetHost}; {Edges} edges are allowed")]
    public static partial void Started(ILogger logger, IPEndPoint endPoint, string targetHost, int edges);

    [LoggerMessage(2405, LogLevel.Warning, "A restore in {StateDir} was cut off; its rest is done, and the backup's state is in force")]
    public static partial void RestoreFinished(ILogger logger, string stateDir);
}
