using Microsoft.Extensions.Logging;

namespace Tunnel.Hub.Forwarding;

internal static partial class PoolLog
{
    [LoggerMessage(2210, LogLevel.Information, "Edge '{EdgeId}' port {Port}: the target {Target} gets clients again: {Reason}")]
    public static partial void Up(ILogger logger, string edgeId, string port, string target, string reason);

    [LoggerMessage(2211, LogLevel.Warning, "Edge '{EdgeId}' port {Port}: the target {Target} gets no more clients: {Reason}")]
    public static partial void Down(ILogger logger, string edgeId, string port, string target, string reason);

    [LoggerMessage(
        2212, LogLevel.Error,
        "Edge '{EdgeId}' port {Port}: less than {Threshold} % of the targets work (panicThreshold), so all of them get clients")]
    public static partial void Panic(ILogger logger, string edgeId, string port, int threshold);

    [LoggerMessage(2213, LogLevel.Information, "Edge '{EdgeId}' port {Port}: enough targets work again, and only these get clients")]
    public static partial void Calm(ILogger logger, string edgeId, string port);
}
