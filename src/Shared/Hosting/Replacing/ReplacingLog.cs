using Microsoft.Extensions.Logging;

namespace Tunnel.Shared.Hosting.Replacing;

/// <summary>Event ids 4050–4059.</summary>
internal static partial class ReplacingLog
{
    [LoggerMessage(4050, LogLevel.Information, "Process {Process} is started to replace this one")]
    public static partial void Started(ILogger logger, int process);

    [LoggerMessage(4051, LogLevel.Information, "Process {Process} takes the sockets of this one")]
    public static partial void Begins(ILogger logger, int process);

    [LoggerMessage(4052, LogLevel.Information, "Process {Process} serves from now on; this one ends when its streams have ended")]
    public static partial void Done(ILogger logger, int process);

    [LoggerMessage(4053, LogLevel.Error, "Process {Process} was not ready to replace this one, which goes on; its log says why")]
    public static partial void Failed(ILogger logger, int process);

    [LoggerMessage(4054, LogLevel.Error, "A process to replace this one could not be started, so this one goes on: {Error}")]
    public static partial void NotStarted(ILogger logger, string error);
}
