using Microsoft.Extensions.Logging;

namespace Tunnel.Shared.Transport.KernelMemory;

/// <summary>Event ids 1010–1019.</summary>
internal static partial class TcpMemoryLog
{
    [LoggerMessage(
        1010, LogLevel.Information,
        "The kernel's memory for TCP is no longer short: {Used} of {Limit} MB are in use; {Resets} stalled streams were reset since the "
        + "start")]
    public static partial void Normal(ILogger logger, long used, long limit, long resets);

    [LoggerMessage(
        1011, LogLevel.Warning,
        "The kernel's memory for TCP is short: {Used} of {Limit} MB are in use by all programs of this machine. Streams that "
        + "stall get small buffers. To allow more, raise the third figure of net.ipv4.tcp_mem")]
    public static partial void Short(ILogger logger, long used, long limit);

    [LoggerMessage(
        1012, LogLevel.Warning,
        "The kernel's memory for TCP is nearly used up: {Used} of {Limit} MB are in use by all programs of this machine. New "
        + "streams are refused, and those that have stalled longest are reset. To allow more, raise the third figure of "
        + "net.ipv4.tcp_mem")]
    public static partial void Exhausted(ILogger logger, long used, long limit);
}
