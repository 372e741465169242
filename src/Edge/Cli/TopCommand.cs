using System.CommandLine;
using Tunnel.Edge.Top;
using Tunnel.Shared.Dashboard;
using Tunnel.Shared.Hosting;

namespace Tunnel.Edge.Cli;

/// <summary><c>tunnel-edge top</c>: the edge live on the terminal, or once.</summary>
internal static class TopCommand
{
    private static readonly Option<bool> Once =
        new("--once") { Description = "Print it once and end, which is also what happens without a terminal" };
    private static readonly Option<bool> AsJson = new("--json") { Description = "Print JSON once, for machines" };

    private static readonly Option<string?> Socket = new("--admin-socket")
    {
        Description = "The running edge's admin socket [default: where `run` would put it]",
        HelpName = "PATH",
    };

    public static Command Create()
    {
        var command = new Command("top", "Show the running edge, its tunnel and ports live on the terminal") { Once, AsJson, Socket };
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        var output = parsed.InvocationConfiguration.Output;
        var socket = parsed.GetValue(Socket) ?? EdgeSettings.RunningAdminSocket(RunCommand.UsualSources);
        using var client = new AdminClient(EdgeCommandLine.Program, socket);
        var data = new TopData(client.GetAsync, TimeProvider.System);
        await data.RefreshAsync(cancellationToken);
        if (data.Fault is { } fault)
            throw new OperatorException(fault);
        var top = new EdgeTop(data);
        if (parsed.GetValue(AsJson))
            await output.WriteLineAsync($"{{\"status\":{data.Raw.Status},\"events\":{data.Raw.Events}}}");
        else if (parsed.GetValue(Once) || !DashboardRun.IsPossible(output))
            await DashboardRun.PrintAsync(top, output, cancellationToken);
        else
            await DashboardRun.ShowAsync(top, output, cancellationToken);
        return ExitCodes.Fine;
    }
}
