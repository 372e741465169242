using Microsoft.Extensions.Logging;
using Tunnel.Shared.Operator;

namespace Tunnel.Hub.Edges.State;

/// <summary>Event ids 2100–2109; secrets are never among the arguments.</summary>
internal static partial class EdgesLog
{
    [LoggerMessage(2100, LogLevel.Information, "Allowed edges: {Count}, read from {Path}")]
    public static partial void Loaded(ILogger logger, int count, string path);

    [LoggerMessage(
        2101, LogLevel.Information,
        "Allowed edges: {Count}, taken from the configuration, since there was no state; from now on {Path} counts")]
    public static partial void Seeded(ILogger logger, int count, string path);

    [LoggerMessage(2102, LogLevel.Information, "Allowed edges changed: {Added} added, {Updated} updated, {Removed} removed ({Edges})")]
    public static partial void Changed(ILogger logger, int added, int updated, int removed, string edges);

    [LoggerMessage(2103, LogLevel.Information, "Secrets have expired; edges that had them: {Count}")]
    public static partial void SecretsExpired(ILogger logger, int count);

    [LoggerMessage(2104, LogLevel.Warning, "Expired secrets could not be removed from the state; they are refused all the same")]
    public static partial void ExpiryNotSaved(ILogger logger, Exception error);

    [LoggerMessage(2105, LogLevel.Error, "A subscriber to changes of the allowed edges threw an exception")]
    public static partial void ListenerFailed(ILogger logger, Exception error);

    [LoggerMessage(2106, LogLevel.Warning, "Allowed edges: {Fault}")]
    public static partial void Warning(ILogger logger, Fault fault);

    [LoggerMessage(
        2107, LogLevel.Information,
        "The configuration's edges are not used: the state {Path} counts. Change the set with tunnel-hub apply or edge")]
    public static partial void SeedIgnored(ILogger logger, string path);

    [LoggerMessage(
        2108, LogLevel.Warning,
        "The state has what an earlier version took and this one refuses; it stays in force as it is until it is changed: {Fault}")]
    public static partial void Tolerated(ILogger logger, Fault fault);
}
