using System.Net;
using Microsoft.Extensions.Logging;

namespace Tunnel.Edge.Connecting.Awaiting;

/// <summary>Events 3190–3195, from the range of Connecting.</summary>
internal static partial class AwaitingLog
{
    [LoggerMessage(3190, LogLevel.Information, "The hub is awaited at {EndPoint}")]
    public static partial void Listening(ILogger logger, IPEndPoint endPoint);

    [LoggerMessage(3191, LogLevel.Warning, "Accepting a connection at the hub's port failed: {Error}; it is tried again")]
    public static partial void AcceptFailed(ILogger logger, string error);

    [LoggerMessage(3192, LogLevel.Warning, "{Remote} came to the hub's port with another certificate: {Fault}")]
    public static partial void WrongCertificate(ILogger logger, IPEndPoint remote, string fault);

    [LoggerMessage(
        3193, LogLevel.Warning, "{Address} came too often with another certificate than the hub's: not let in for {Seconds:0} s")]
    public static partial void Blocked(ILogger logger, IPAddress address, double seconds);

    [LoggerMessage(3194, LogLevel.Debug, "{Remote} came to the hub's port and is no hub: {Fault}")]
    public static partial void NoHub(ILogger logger, IPEndPoint remote, string fault);

    [LoggerMessage(3195, LogLevel.Debug, "{Remote} came to the hub's port and was not done in time, or had to give way")]
    public static partial void NotInTime(ILogger logger, IPEndPoint remote);
}
