using System.CommandLine;
using Tunnel.Hub.Top;
using Tunnel.Shared.Dashboard;

namespace Tunnel.Hub.Cli;

/// <summary><c>tunnel-hub top</c>: the hub live on the terminal, or once.</summary>
internal static class TopCommand
{
    public static Command Create(CommonOptions options)
    {
        var once = new Option<bool>("--once") { Description = "Print it once and end, which is also what happens without a terminal" };
        var command = options.Remote(new Command("top", "Show the hub, its edges and ports live on the terminal") { once });
        return command.Does(options, (context, cancellation) => ShowAsync(context, context.Value(once), cancellation));
    }

    // The line is "2026-05-01T12:00:00.000Z what": the day is the same for all of them.
    private static string WithTimeOfDay(string line) => line.Length > 24 && line[10] == 'T' ? line[11..19] + line[24..] : line;

    private static async Task ShowAsync(CommandContext context, bool once, CancellationToken cancellationToken)
    {
        using var client = context.Client();
        var data = new TopData(client, json => WithTimeOfDay(EventsCommand.Describe(json)));
        var top = new HubTop(data);
        // The first answer tells which edges there are; the second has what passed at them.
        await top.RefreshAsync(cancellationToken);
        if (data.Fault is { } fault)
            throw new Shared.Hosting.OperatorException(fault);
        if (context.Json)
        {
            var (status, past) = await data.ReadAllAsync(cancellationToken);
            await context.Out.WriteLineAsync($"{{\"status\":{status},\"history\":{past}}}");
        }
        else if (once || !DashboardRun.IsPossible(context.Out))
        {
            await DashboardRun.PrintAsync(top, context.Out, cancellationToken);
        }
        else
        {
            using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            var following = data.FollowAsync(end.Token);
            await DashboardRun.ShowAsync(top, context.Out, cancellationToken);
            await end.CancelAsync();
            await following.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
