using System.CommandLine;
using Tunnel.Shared.Hosting;
using Tunnel.Shared.Text;

namespace Tunnel.Hub.Cli;

/// <summary>The command line of <c>tunnel-hub</c>. Names are binding: other tools rely on them.</summary>
internal static class HubCommandLine
{
    /// <summary>All commands.</summary>
    public static RootCommand Create()
    {
        var options = new CommonOptions();
        return new RootCommand("The hub of a tunnel: lets edges in and forwards what their clients send. Start with: tunnel-hub run")
        {
            RunCommand.Create(options),
            EdgeCommands.Create(options),
            PortCommands.Create(options),
            ApplyCommand.Create(options),
            FirewallCommands.Create(options),
            StatusCommand.Create(options),
            TrafficCommands.CreateStreams(options),
            TrafficCommands.CreateConnections(options),
            EventsCommand.Create(options),
            TokenCommands.Create(options),
            AdminKeyCommand.Create(options),
            CertificateCommands.Create(options),
        };
    }

    /// <summary>Runs the command that the arguments name.</summary>
    /// <param name="arguments">Without the program's name.</param>
    /// <param name="output">For results; null: standard output.</param>
    /// <param name="error">For everything else; null: standard error.</param>
    /// <returns>One of <see cref="ExitCodes"/>.</returns>
    public static async Task<int> InvokeAsync(string[] arguments, TextWriter? output = null, TextWriter? error = null)
    {
        // The service has its own ways with signals; a command just ends.
        var configuration = new InvocationConfiguration { ProcessTerminationTimeout = null, EnableDefaultExceptionHandler = false };
        configuration.Output = output ?? configuration.Output;
        configuration.Error = error ?? configuration.Error;

        var parse = Create().Parse(arguments);
        if (parse.Errors.Count > 0)
        {
            foreach (var fault in parse.Errors)
                await configuration.Error.WriteMessageAsync(fault.Message);
            await configuration.Error.WriteLineAsync("Add --help to see what is valid.");
            return ExitCodes.Usage;
        }

        return await parse.InvokeAsync(configuration);
    }
}
