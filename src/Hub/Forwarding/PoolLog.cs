using Microsoft.Extensions.Logging;

namespace Tunnel.Hub.Forwarding;

internal static partial class PoolLog
{
    [LoggerMessage(2210, LogLevel.Information, "The target {Target} of {Ports} gets clients again: {Reason}")]
    public static partial void Up(ILogger logger, string target, string ports, string reason);

    [LoggerMessage(2211, LogLevel.Warning, "The target {Target} of {Ports} gets no more clients: {Reason}")]
    public static partial void Down(ILogger logger, string target, string ports, string reason);

    [LoggerMessage(
        2212, LogLevel.Error, "{Port}: fewer than {Threshold} % of the targets work (panicThreshold), so all of them get clients")]
    public static partial void Panic(ILogger logger, string port, int threshold);

    [LoggerMessage(2213, LogLevel.Information, "{Port}: enough targets work again, and only these get clients")]
    public static partial void Calm(ILogger logger, string port);
}
