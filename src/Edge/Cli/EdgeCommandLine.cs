using System.CommandLine;
using Tunnel.Shared.Configuration;
using Tunnel.Shared.Hosting;
using Tunnel.Shared.Text;

namespace Tunnel.Edge.Cli;

/// <summary>The program's commands, and what they have in common.</summary>
internal static class EdgeCommandLine
{
    public const string Program = "tunnel-edge";

    /// <summary>Runs the command that <paramref name="arguments"/> name.</summary>
    /// <returns>One of <see cref="ExitCodes"/>.</returns>
    public static async Task<int> RunAsync(string[] arguments)
    {
        var root = new RootCommand("The public side of a tunnel: binds the ports that its hub assigns, and carries their clients to the hub.")
        {
            RunCommand.Create(),
            StatusCommand.Create(),
            DoctorCommand.Create(),
        };
        var parsed = root.Parse(arguments);
        // The service's runner owns the signals, and errors are told below.
        var invocation = new InvocationConfiguration { ProcessTerminationTimeout = null, EnableDefaultExceptionHandler = false };
        try
        {
            var code = await parsed.InvokeAsync(invocation);
            return parsed.Errors.Count > 0 ? ExitCodes.Usage : code;
        }
        catch (ConfigurationException e)
        {
            await Console.Error.WriteMessageAsync(e.Message);
            return ExitCodes.Usage;
        }
        catch (OperatorException e)
        {
            await Console.Error.WriteMessageAsync(e.Message);
            return ExitCodes.Failed;
        }
    }
}
