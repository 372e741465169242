using System.Net;
using Microsoft.Extensions.Logging;
using Tunnel.Shared.Transport;

namespace Tunnel.Edge.Connecting;

/// <summary>Events 3100–3199.</summary>
internal static partial class ConnectingLog
{
    [LoggerMessage(3100, LogLevel.Information, "Connected to the hub {Hub} at {Address} over {Transport}")]
    public static partial void Connected(ILogger logger, string hub, IPEndPoint address, string transport);

    [LoggerMessage(3101, LogLevel.Warning, "No tunnel to {Hub}; the next try is in {Delay:0.0} s. {Kind}: {Message}")]
    public static partial void DialFailed(ILogger logger, string hub, DialFailureKind kind, string message, double delay);

    [LoggerMessage(3102, LogLevel.Debug, "Still no tunnel to {Hub} ({Kind}); the next try is in {Delay:0.0} s")]
    public static partial void DialFailedAgain(ILogger logger, string hub, DialFailureKind kind, double delay);

    [LoggerMessage(
        3103, LogLevel.Warning,
        "The tunnel to {Address} is over ({Kind}: {Detail}) after {Lifetime:0} s; the next try is in {Delay:0.0} s")]
    public static partial void TunnelEnded(
        ILogger logger, IPEndPoint address, TunnelEndKind kind, string detail, double lifetime, double delay);

    [LoggerMessage(3104, LogLevel.Information, "The hub takes no new streams on this tunnel ({Reason}); the next try is in {Delay:0.0} s")]
    public static partial void HubGoesAway(ILogger logger, string reason, double delay);

    [LoggerMessage(
        3105, LogLevel.Error,
        "The hub says {Reason}: another edge process holds the id {EdgeId}. This one binds nothing and asks again every "
        + "{Delay:0.#} s. Stop one of the two, start this one with --take-over, or give it an id of its own")]
    public static partial void Conflict(ILogger logger, string reason, string edgeId, double delay);

    [LoggerMessage(3107, LogLevel.Warning, "The pins that the hub announced can't be read from {Path} ({Error}); the token's are used")]
    public static partial void PinsUnreadable(ILogger logger, string path, string error);

    [LoggerMessage(
        3108, LogLevel.Warning,
        "The pins that the hub announced can't be kept in {Path} ({Error}), so that after a restart only the token's are known. "
        + "Make the directory writable")]
    public static partial void PinsNotKept(ILogger logger, string path, string error);

    [LoggerMessage(
        3109, LogLevel.Warning,
        "insecureSkipVerify is on: the hub's certificate is not checked, and whoever answers gets this edge's secret")]
    public static partial void VerificationOff(ILogger logger);

    [LoggerMessage(
        3110, LogLevel.Information, "The tunnel to {Address} was drained and is closed; streams that were still open: {Streams}")]
    public static partial void TunnelDrained(ILogger logger, IPEndPoint address, int streams);

    [LoggerMessage(
        3117, LogLevel.Information,
        "The tunnel to {Address} has carried nearly as many streams and sessions as it can number; another tunnel takes the new "
        + "ones")]
    public static partial void NumbersEnding(ILogger logger, IPEndPoint address);

    [LoggerMessage(3113, LogLevel.Warning,
        "The hub does not answer at {Address}, but a new connection with packets of at most {MaxPacket} bytes comes through at once. It "
            + "takes the new clients, and what is open where that can move (streams: {Streams}). If this happens again, the path "
            + "swallows larger packets: let ICMP 'fragmentation needed' through, or set the right MTU")]
    public static partial void RescuedBySmallPackets(ILogger logger, IPEndPoint address, int streams, int maxPacket);

    [LoggerMessage(3124, LogLevel.Information,
        "The hub did not answer at {Address}, and does over a new connection, which takes the new clients, and what is open where that "
            + "can move (streams: {Streams})")]
    public static partial void Rescued(ILogger logger, IPEndPoint address, int streams);

    [LoggerMessage(
        3114, LogLevel.Information, "The hub answers again at {Address}; the connection that was made beside the tunnel is not needed")]
    public static partial void CameBack(ILogger logger, IPEndPoint address);

    [LoggerMessage(3115, LogLevel.Debug, "A connection beside a tunnel that does not answer could not be made. {Kind}: {Message}")]
    public static partial void RescueFailed(ILogger logger, DialFailureKind kind, string message);

    [LoggerMessage(
        3116, LogLevel.Error,
        "An attempt to connect beside a tunnel that does not answer failed by an error of this program. Please report this.")]
    public static partial void RescueFaulted(ILogger logger, Exception exception);

    [LoggerMessage(
        3112, LogLevel.Error,
        "An attempt to connect failed by an error of this program; the next one is in {Delay:0.0} s. Please report this.")]
    public static partial void DialFaulted(ILogger logger, Exception exception, double delay);

    [LoggerMessage(
        3121, LogLevel.Information, "The tunnel to {Address} is lost; streams that wait for another one: {Streams}")]
    public static partial void StreamsWait(ILogger logger, IPEndPoint address, int streams);

    [LoggerMessage(3122, LogLevel.Information, "Streams of a tunnel over {From} that go on over one over {To}: {Streams}")]
    public static partial void StreamsMoved(ILogger logger, int streams, string from, string to);

    [LoggerMessage(3118, LogLevel.Information, "The hub has renewed {What}, which is kept in the state directory")]
    public static partial void Renewed(ILogger logger, string what);

    [LoggerMessage(
        3123, LogLevel.Information, "The hub {Hub} knows the secret that another hub has renewed; a tunnel made with it takes over")]
    public static partial void SecretShared(ILogger logger, string hub);

    [LoggerMessage(3119, LogLevel.Warning, "What the hub has renewed can't be read from {Path} ({Error}); the token is used instead")]
    public static partial void RenewalsUnreadable(ILogger logger, string path, string error);
}
