using System.Net;
using Microsoft.Extensions.Logging;
using Tunnel.Shared.Protocol;
using Tunnel.Shared.Protocol.Messages;
using Tunnel.Shared.Transport;

namespace Tunnel.Hub.Edges.Live;

internal static partial class LiveEdgesLog
{
    [LoggerMessage(2150, LogLevel.Information, "Edge '{EdgeId}' has connected from {Remote} over {Transport}")]
    public static partial void TunnelConnected(ILogger logger, string edgeId, IPEndPoint remote, string transport);

    [LoggerMessage(2151, LogLevel.Information, "A tunnel of edge '{EdgeId}' from {Remote} is over: {Reason} ({Detail})")]
    public static partial void TunnelDisconnected(ILogger logger, string edgeId, IPEndPoint remote, TunnelEndKind reason, string detail);

    [LoggerMessage(
        2152, LogLevel.Warning,
        "Edge '{EdgeId}' is connected from {Connected} and alive; another process with its id, from {Newcomer}, was turned away")]
    public static partial void Conflict(ILogger logger, string edgeId, IPEndPoint connected, IPEndPoint newcomer);

    [LoggerMessage(
        2153, LogLevel.Information, "Edge '{EdgeId}' was sent configuration {Rev}; ports for TCP: {TcpPorts}, for UDP: {UdpPorts}")]
    public static partial void ConfigPushed(ILogger logger, string edgeId, long rev, int tcpPorts, int udpPorts);

    [LoggerMessage(2154, LogLevel.Warning, "Edge '{EdgeId}' could not bind {Ports}: {Error}")]
    public static partial void PortFailed(ILogger logger, string edgeId, FailedPort ports, string error);

    [LoggerMessage(2155, LogLevel.Information, "A newer tunnel of edge '{EdgeId}', from {Newer}, takes over; the one from {Older} drains")]
    public static partial void TakenOver(ILogger logger, string edgeId, IPEndPoint newer, IPEndPoint older);

    [LoggerMessage(
        2156, LogLevel.Information, "Edge '{EdgeId}' applied configuration {Rev}; ports bound: {Bound}, not bound: {Failed}")]
    public static partial void ConfigApplied(ILogger logger, string edgeId, long rev, int bound, int failed);

    [LoggerMessage(2157, LogLevel.Error, "Settling which tunnel serves edge '{EdgeId}' failed by an error of the hub. Please report this.")]
    public static partial void ElectionFailed(ILogger logger, Exception exception, string edgeId);

    [LoggerMessage(2158, LogLevel.Warning, "Edge '{EdgeId}' has more than {Limit} tunnels at once; its oldest, from {Remote}, was ended")]
    public static partial void CrowdedOut(ILogger logger, string edgeId, int limit, IPEndPoint remote);

    [LoggerMessage(
        2159, LogLevel.Warning,
        "A connection of edge '{EdgeId}' from {Remote} was to go on with a tunnel, and is one of its own instead: {Cause}")]
    public static partial void ResumeRefused(ILogger logger, string edgeId, IPEndPoint remote, string cause);

    [LoggerMessage(
        2160, LogLevel.Information, "A tunnel of edge '{EdgeId}' from {Remote} is lost; streams that wait for another one: {Streams}")]
    public static partial void StreamsWait(ILogger logger, string edgeId, IPEndPoint remote, int streams);

    [LoggerMessage(
        2161, LogLevel.Debug, "Edge '{EdgeId}' wanted to go on over {Transport} with stream {Id} of another tunnel, and can't: {Reason}")]
    public static partial void MoveRefused(ILogger logger, string edgeId, string transport, uint id, ResetReason reason);

    [LoggerMessage(5750, LogLevel.Information, "Lane {Index} of edge '{EdgeId}' has joined, from {Remote}")]
    public static partial void LaneJoined(ILogger logger, int index, string edgeId, IPEndPoint remote);

    [LoggerMessage(
        5751, LogLevel.Warning,
        "A connection of edge '{EdgeId}' from {Remote} wanted to be lane {Index} of its tunnel and was turned away: {Cause}")]
    public static partial void LaneRefused(ILogger logger, int index, string edgeId, IPEndPoint remote, string cause);

    [LoggerMessage(5752, LogLevel.Information, "Lane {Index} of edge '{EdgeId}' from {Remote} is over: {Reason} ({Detail})")]
    public static partial void LaneEnded(ILogger logger, int index, string edgeId, IPEndPoint remote, TunnelEndKind reason, string detail);

    [LoggerMessage(
        5556, LogLevel.Warning, "The firewall of edge '{EdgeId}' was changed at its machine by somebody else ({What}); {Outcome}")]
    public static partial void FirewallDrifted(ILogger logger, string edgeId, string what, string outcome);

    [LoggerMessage(EventId = 5555, Message = "The firewall of edge '{EdgeId}', configuration {Rev}: {State}")]
    public static partial void FirewallReported(ILogger logger, LogLevel level, string edgeId, long rev, string state);
}
