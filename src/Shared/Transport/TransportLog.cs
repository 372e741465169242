using System.Net;
using Microsoft.Extensions.Logging;

namespace Tunnel.Shared.Transport;

internal static partial class TransportLog
{
    [LoggerMessage(1000, LogLevel.Debug, "Tunnel {Name} with {Remote} ended: {Kind}, {Detail}")]
    public static partial void Ended(ILogger logger, string name, IPEndPoint remote, TunnelEndKind kind, string detail);

    [LoggerMessage(1001, LogLevel.Warning, "Tunnel {Name} with {Remote} is closed, since the other side broke the protocol: {Fault}")]
    public static partial void ProtocolViolation(ILogger logger, string name, IPEndPoint remote, string fault);

    [LoggerMessage(1005, LogLevel.Warning, "Tunnel {Name} with {Remote} is closed: {Fault}")]
    public static partial void PeerDoesNotRead(ILogger logger, string name, IPEndPoint remote, string fault);

    [LoggerMessage(1002, LogLevel.Error, "Tunnel {Name} is closed by an internal error. Please report this.")]
    public static partial void Bug(ILogger logger, Exception exception, string name);

    [LoggerMessage(1003, LogLevel.Error, "Tunnel {Name}: ending it or one of its streams failed by an internal error. Please report this.")]
    public static partial void Defect(ILogger logger, Exception exception, string name);

    [LoggerMessage(
        1004, LogLevel.Information,
        "The kernel does not let this process use the congestion control '{Name}', so tunnels use the kernel's default. `sysctl "
        + "net.ipv4.tcp_allowed_congestion_control` lists what it lets; `modprobe tcp_bbr` adds bbr")]
    public static partial void NoCongestionControl(ILogger logger, string name);

    [LoggerMessage(
        1006, LogLevel.Information,
        "Tunnel {Name} with {Remote}: the hub was asked for a sign of life and gave none for {Seconds} s, or nothing of what is sent "
        + "arrives")]
    public static partial void InDoubt(ILogger logger, string name, IPEndPoint remote, long seconds);

    [LoggerMessage(
        1007, LogLevel.Warning,
        "Tunnel {Name} with {Remote} has lost its connection ({Kind}: {Detail}); what is open waits for another one, at most {Seconds} s")]
    public static partial void Lost(ILogger logger, string name, IPEndPoint remote, TunnelEndKind kind, string detail, double seconds);

    [LoggerMessage(
        1008, LogLevel.Information,
        "Tunnel {Name} goes on with {Remote} after {Seconds:0.0} s without a connection (streams: {Streams}, bytes that are sent again: "
        + "{Bytes})")]
    public static partial void Resumed(ILogger logger, string name, IPEndPoint remote, double seconds, int streams, long bytes);

    [LoggerMessage(1009, LogLevel.Information, "Tunnel {Name} with {Remote} is left for another connection: {Reason}")]
    public static partial void Left(ILogger logger, string name, IPEndPoint remote, string reason);
}
