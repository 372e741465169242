using System.CommandLine;
using Tunnel.Shared.CommandLine;
using Tunnel.Shared.Configuration;
using Tunnel.Shared.Hosting;
using Tunnel.Shared.Text;

namespace Tunnel.Edge.Cli;

/// <summary>The program's commands, and what they have in common.</summary>
internal static class EdgeCommandLine
{
    public const string Program = "tunnel-edge";

    /// <summary>Creates the root command with all commands below it.</summary>
    public static RootCommand Create()
    {
        var root = new RootCommand(
            "The public side of a tunnel: binds the ports that its hub assigns, and carries their clients to the hub. Start with: "
            + "tunnel-edge run")
        {
            RunCommand.Create(),
            InitCommand.Create(),
            StatusCommand.Create(),
            TopCommand.Create(),
            DoctorCommand.Create(),
        };
        CommandDialect.AddTo(root, Program, EdgeExamples.All);
        return root;
    }

    /// <summary>Runs the command that <paramref name="arguments"/> name.</summary>
    /// <param name="arguments">The arguments without the program's name.</param>
    /// <param name="output">Receives the results; null means standard output.</param>
    /// <param name="error">Receives everything else; null means standard error.</param>
    /// <returns>One of <see cref="ExitCodes"/>.</returns>
    public static async Task<int> RunAsync(string[] arguments, TextWriter? output = null, TextWriter? error = null)
    {
        try
        {
            return await CommandDialect.InvokeAsync(Create(), Program, arguments, output, error);
        }
        catch (ConfigurationException e)
        {
            await (error ?? Console.Error).WriteMessageAsync(e.Message);
            return ExitCodes.Usage;
        }
        catch (OperatorException e)
        {
            await (error ?? Console.Error).WriteMessageAsync(e.Message);
            return ExitCodes.Failed;
        }
    }
}
