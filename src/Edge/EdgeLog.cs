using Microsoft.Extensions.Logging;

namespace Tunnel.Edge;

/// <summary>Events 3300–3399.</summary>
internal static partial class EdgeLog
{
    [LoggerMessage(3301, LogLevel.Information, "Edge {EdgeId} started; hub {Hub}")]
    public static partial void EdgeStarted(this ILogger logger, string edgeId, string hub);

    [LoggerMessage(3302, LogLevel.Information, "Edge {EdgeId} stops: {Streams} streams have {Drain:0.#} s to finish")]
    public static partial void EdgeStopping(this ILogger logger, string edgeId, int streams, double drain);

    [LoggerMessage(3303, LogLevel.Warning, "The limit of file descriptors is {Soft}, though {Hard} are allowed: each TCP client takes one")]
    public static partial void DescriptorLimitLow(this ILogger logger, long soft, long hard);
}
