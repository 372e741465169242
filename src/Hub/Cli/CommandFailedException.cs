using Tunnel.Shared.Hosting;

namespace Tunnel.Hub.Cli;

/// <summary>Thrown when a command ends without doing what was asked; the lines tell the operator why.</summary>
internal sealed class CommandFailedException(int exitCode, IReadOnlyList<string> lines) : Exception(string.Join('\n', lines))
{
    /// <summary>One of <see cref="ExitCodes"/>.</summary>
    public int ExitCode { get; } = exitCode;

    public static CommandFailedException Usage(params string[] lines) => new(ExitCodes.Usage, lines);
}
