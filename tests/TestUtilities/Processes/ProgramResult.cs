namespace Tunnel.TestUtilities.Processes;

/// <summary>The exit code of a program, and what it printed.</summary>
public sealed record ProgramResult(int ExitCode, string StandardOutput, string StandardError)
{
    /// <summary>Ends the test unless the program ended with 0.</summary>
    public ProgramResult Succeeded() =>
        ExitCode == 0 ? this : throw new InvalidOperationException($"Exit code {ExitCode}.\n{StandardOutput}\n{StandardError}");
}
