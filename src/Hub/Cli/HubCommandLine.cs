using System.CommandLine;
using Tunnel.Shared.CommandLine;
using Tunnel.Shared.Hosting;

namespace Tunnel.Hub.Cli;

/// <summary>The command line of <c>tunnel-hub</c>. Its names must not change, because other tools rely on them.</summary>
internal static class HubCommandLine
{
    private const string Program = "tunnel-hub";

    /// <summary>Makes the root command with all commands.</summary>
    public static RootCommand Create()
    {
        var options = new CommonOptions();
        var root = new RootCommand("The hub of a tunnel: lets edges in and forwards what their clients send. Start with: tunnel-hub run")
        {
            RunCommand.Create(options),
            InitCommand.Create(options),
            EdgeCommands.Create(options),
            PortCommands.Create(options),
            ApplyCommand.Create(options),
            FirewallCommands.Create(options),
            StatusCommand.Create(options),
            TopCommand.Create(options),
            TrafficCommands.CreateStreams(options),
            TrafficCommands.CreateConnections(options),
            EventsCommand.Create(options),
            TokenCommands.Create(options),
            AdminKeyCommand.Create(options),
            PageCommand.Create(options),
            CertificateCommands.Create(options),
            DoctorCommand.Create(options),
            BackupCommands.CreateBackup(options),
            BackupCommands.CreateRestore(options),
            StateCommands.Create(options),
        };
        CommandDialect.AddTo(root, Program, HubExamples.All);
        return root;
    }

    /// <summary>Runs the command that the arguments name.</summary>
    /// <param name="arguments">The arguments without the program's name.</param>
    /// <param name="output">Receives results; null: standard output.</param>
    /// <param name="error">Receives everything else; null: standard error.</param>
    /// <returns>One of <see cref="ExitCodes"/>.</returns>
    public static Task<int> InvokeAsync(string[] arguments, TextWriter? output = null, TextWriter? error = null) =>
        CommandDialect.InvokeAsync(Create(), Program, arguments, output, error);
}
