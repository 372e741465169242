using System.Text;

namespace Tunnel.Shared.Hosting;

/// <summary>Runs the programs' commands and handles what they have in common.</summary>
public static class CommandProgram
{
    private const int Output = 1;
    private const int Error = 2;

    /// <summary>
    /// Runs a command. If its results can't be written (a full disk, a pipe that nobody reads), it ends quietly with 1; the runtime would
    /// otherwise write into a closed pipe for ever, and end with an unhandled exception on a full disk. Messages that can't be written are
    /// dropped.
    /// </summary>
    /// <param name="run">The command; it writes to <see cref="Console"/>.</param>
    /// <returns>One of <see cref="ExitCodes"/>.</returns>
    public static async Task<int> RunAsync(Func<Task<int>> run)
    {
        HomeDirectory.Ensure();
        Console.SetOut(Writer(new DescriptorStream(Output)));
        Console.SetError(Writer(new DescriptorStream(Error, ignoresFaults: true)));
        try
        {
            return await run();
        }
        catch (OutputException)
        {
            return ExitCodes.Failed;
        }
    }

    private static StreamWriter Writer(Stream stream) =>
        new(stream, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false)) { AutoFlush = true };
}
