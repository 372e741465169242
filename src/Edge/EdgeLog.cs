using Microsoft.Extensions.Logging;

namespace Tunnel.Edge;

/// <summary>Events 3300–3399.</summary>
internal static partial class EdgeLog
{
    [LoggerMessage(3301, LogLevel.Information, "Edge {EdgeId} has started; its hub is {Hub}")]
    public static partial void EdgeStarted(ILogger logger, string edgeId, string hub);

    [LoggerMessage(3302, LogLevel.Information, "Edge {EdgeId} stops: what is open has {Drain:0.#} s to finish (streams: {Streams})")]
    public static partial void EdgeStopping(ILogger logger, string edgeId, int streams, double drain);

    [LoggerMessage(3308, LogLevel.Information, "Edge {EdgeId} is another process from now on; streams that go on in this one: {Streams}")]
    public static partial void EdgeReplaced(ILogger logger, string edgeId, int streams);

    [LoggerMessage(
        3303, LogLevel.Warning,
        "The limit of file descriptors is {Soft}, though {Hard} are allowed, and each TCP client takes one. Raise it "
        + "(LimitNOFILE=, ulimit -n)")]
    public static partial void DescriptorLimitLow(ILogger logger, long soft, long hard);

    [LoggerMessage(
        3304, LogLevel.Warning, "The last run of this edge, begun {PreviousStart}, was cut off; what it left behind is cleaned up")]
    public static partial void CrashRecovered(ILogger logger, DateTimeOffset? previousStart);

    [LoggerMessage(
        3305, LogLevel.Error,
        "The last run of this edge, begun {PreviousStart}, was cut off, and what it left behind can't be cleaned up: {Error}")]
    public static partial void CrashRecoveryFailed(ILogger logger, DateTimeOffset? previousStart, string error);

    [LoggerMessage(3306, LogLevel.Warning, "If this run crashes, the next start will not notice it: {Error}")]
    public static partial void RunNotMarked(ILogger logger, string error);

    [LoggerMessage(
        3307, LogLevel.Warning,
        "stateDir '{Directory}' can't be written ({Error}): what the hub announces is forgotten at a restart, and a second edge "
        + "that uses the directory is not noticed")]
    public static partial void StateNotTaken(ILogger logger, string directory, string error);
}
