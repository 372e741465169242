using System.Net;
using Microsoft.Extensions.Logging;
using Tunnel.Hub.Targets;
using Tunnel.Shared.Protocol;

namespace Tunnel.Hub.Forwarding;

internal static partial class ForwardingLog
{
    [LoggerMessage(2200, LogLevel.Warning, "Edge '{EdgeId}' port tcp/{Port}: no connection to {Target}: {Reason} ({Id})")]
    public static partial void StreamFailed(
        ILogger logger, string edgeId, int port, string target, StreamFailure reason, ConnectionId id);

    [LoggerMessage(2201, LogLevel.Warning, "Edge '{EdgeId}' opened a stream for tcp/{Port}: {Reason}; it was reset")]
    public static partial void StreamRefused(ILogger logger, string edgeId, int port, StreamFailure reason);

    [LoggerMessage(2202, LogLevel.Warning, "Edge '{EdgeId}' port udp/{Port}, {Target}: {Reason}")]
    public static partial void SessionFailed(
        ILogger logger, string edgeId, int port, string target, SessionFailure reason);

    [LoggerMessage(
        2205, LogLevel.Warning,
        "Edge '{EdgeId}' port tcp/{Port}: the upstream {Target} seems not to expect a PROXY header, since it hangs up at once, "
        + "again and again. To send none: tunnel-hub port set {EdgeId} tcp/{Port} --proxy off")]
    public static partial void HeaderDoubted(ILogger logger, string edgeId, int port, string target);

    [LoggerMessage(
        2203, LogLevel.Error, "Forwarding a stream of edge '{EdgeId}' port tcp/{Port} failed by an error of the hub. Please report this.")]
    public static partial void Defect(ILogger logger, Exception exception, string edgeId, int port);

    [LoggerMessage(
        2204, LogLevel.Debug,
        "Edge '{EdgeId}' port tcp/{Port}: the client was gone before {Target} answered ({Id})")]
    public static partial void ClientGone(ILogger logger, string edgeId, int port, string target, ConnectionId id);

    [LoggerMessage(
        2208, LogLevel.Warning,
        "Edge '{EdgeId}' port {Proto}/{Port}: the target {Target} leads back to a port of an edge and not to a service. The hub has come "
        + "as its own client, and was refused. Let a service listen there, or name another targetHost or targetPort for the port")]
    public static partial void Loop(ILogger logger, string edgeId, string proto, int port, string target);

    [LoggerMessage(2206, LogLevel.Debug, "Edge '{EdgeId}' port tcp/{Port}: {Client} to {Target} ({Id})")]
    public static partial void StreamOpened(
        ILogger logger, string edgeId, int port, IPEndPoint? client, string target, ConnectionId id);

    [LoggerMessage(2207, LogLevel.Debug, "Edge '{EdgeId}' port udp/{Port}: {Client} to {Target} ({Id})")]
    public static partial void SessionOpened(
        ILogger logger, string edgeId, int port, IPEndPoint? client, string target, ConnectionId id);
}
