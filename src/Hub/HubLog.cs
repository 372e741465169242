using System.Net;
using Microsoft.Extensions.Logging;

namespace Tunnel.Hub;

internal static partial class HubLog
{
    [LoggerMessage(2400, LogLevel.Error, "A subscriber to {Event} threw an exception")]
    public static partial void SubscriberFailed(ILogger logger, Exception exception, string @event);

    [LoggerMessage(2401, LogLevel.Warning, "The last run did not end in order; its state was taken up (allowed edges: {Edges})")]
    public static partial void CrashRecovered(ILogger logger, int edges);

    [LoggerMessage(2402, LogLevel.Information, "The hub stops; its tunnels have {Seconds:0.#} s to drain (tunnels: {Tunnels})")]
    public static partial void Stopping(ILogger logger, int tunnels, double seconds);

    [LoggerMessage(2403, LogLevel.Information, "The hub has stopped")]
    public static partial void Stopped(ILogger logger);

    [LoggerMessage(2404, LogLevel.Information, "The hub listens on {EndPoint} and forwards to {TargetHost}; allowed edges: {Edges}")]
    public static partial void Started(ILogger logger, IPEndPoint endPoint, string targetHost, int edges);

    [LoggerMessage(
        2405, LogLevel.Warning, "A restore in {StateDir} was cut off; the rest of it is done now, and the backup's state is in force")]
    public static partial void RestoreFinished(ILogger logger, string stateDir);

    [LoggerMessage(
        2406, LogLevel.Information,
        "Another process is the hub from now on; each tunnel of this one ends with its streams (tunnels: {Tunnels})")]
    public static partial void Replaced(ILogger logger, int tunnels);
}
