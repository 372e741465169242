using System.CommandLine;
using System.Text.Json;
using Tunnel.Hub.Admin.Answers;
using Tunnel.Hub.Status;
using Tunnel.Shared.Text;

namespace Tunnel.Hub.Cli;

/// <summary><c>tunnel-hub edge list</c>: lists the allowed edges with their state.</summary>
internal static class ListEdgesCommand
{
    public static Command Create(CommonOptions options)
    {
        var edges = new EdgesOptions();
        var command = new Command("list", "List the allowed edges with their state; with --json their definitions, as apply takes them");
        return options.Remote(edges.AddTo(command)).Does(options, async (context, cancellation) =>
        {
            if (context.Json)
            {
                var definitions = await context.SendAsync(HttpMethod.Get, edges.DefinitionsPath(context), null, cancellation);
                await context.Out.WriteLineAsync(definitions);
                return;
            }

            var answer = await context.SendAsync(HttpMethod.Get, edges.StatusPath(context), null, cancellation);
            var status = JsonSerializer.Deserialize(answer, AdminJson.Default.HubStatus)!;
            await PrintAsync(context, status, DateTimeOffset.UtcNow);
            await context.WriteNextAsync(status.Next);
        });
    }

    private static async Task PrintAsync(CommandContext context, HubStatus status, DateTimeOffset now)
    {
        if (status is { Edges.IsEmpty: true, AllowedEdges: > 0 })
        {
            await context.Error.WriteLineAsync("No edge is like that.");
            return;
        }

        if (status.Edges.IsEmpty)
        {
            await context.Error.WriteLineAsync("No edge is allowed yet. Add one: tunnel-hub edge add ID --tcp 443 --host HOST");
            return;
        }

        var table = new TextTable("ID", "STATE", "SINCE", "FROM", "SECRETS", "TCP", "UDP");
        foreach (var edge in status.Edges)
        {
            table.Add(
                edge.EdgeId, EdgeText.Word(edge, status.SharedState is not null), EdgeText.Since(edge, now), edge.Remote ?? "-",
                EdgeText.Secrets(edge, now), Ports(edge.Tcp), Ports(edge.Udp));
        }

        await table.WriteAsync(context.Out, context.Terminal.Width);
    }

    private static string Ports(EdgePortsStatus ports) =>
        ports.Failed.Length > 0 ? $"{ports.Wanted} (FAILED {ports.Failed})" : ports.Wanted.Length > 0 ? ports.Wanted : "-";
}
