using System.Net;
using Microsoft.Extensions.Logging;
using Tunnel.Edge.Endpoints;

namespace Tunnel.Edge.Ports;

/// <summary>Events 3000–3003.</summary>
internal static partial class PortsLog
{
    [LoggerMessage(3000, LogLevel.Information, "Listening on {Port}")]
    public static partial void PortBound(ILogger logger, PortRun port);

    [LoggerMessage(3001, LogLevel.Warning, "Can't listen on {Port}: {Error}")]
    public static partial void PortFailed(ILogger logger, PortRun port, string error);

    [LoggerMessage(
        3002, LogLevel.Information, "No longer listening on {Port}; what is open has {Drain:0.#} s to finish (connections: {Active})")]
    public static partial void PortRemoved(ILogger logger, PortRun port, int active, double drain);

    [LoggerMessage(3003, LogLevel.Information, "IPv6 is switched off on this machine: listening on {Address} instead of {Wanted}")]
    public static partial void Ipv6Off(ILogger logger, IPAddress wanted, IPAddress address);
}
