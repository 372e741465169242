using System.CommandLine;
using System.Text.Json;
using Tunnel.Hub.Admin.Answers;
using Tunnel.Hub.Edges.Definitions;

namespace Tunnel.Hub.Cli;

/// <summary><c>tunnel-hub edge list</c>.</summary>
internal static class ListEdgesCommand
{
    public static Command Create(CommonOptions options) =>
        options.Remote(new Command("list", "List the allowed edges")).Does(options, async (context, cancellation) =>
        {
            var edges = await context.SendAsync(HttpMethod.Get, "api/v1/edges", null, cancellation);
            if (context.Json)
                await context.Out.WriteLineAsync(edges);
            else
                await PrintAsync(context, [.. JsonSerializer.Deserialize(edges, AdminJson.Default.IEnumerableEdgeDefinition)!]);
        });

    private static async Task PrintAsync(CommandContext context, IReadOnlyCollection<EdgeDefinition> edges)
    {
        if (edges.Count == 0)
        {
            await context.Error.WriteLineAsync("No edge is allowed yet. Add one: tunnel-hub edge add ID --tcp 443 --host HOST");
            return;
        }

        var table = new TextTable("ID", "ENABLED", "TCP", "UDP");
        foreach (var edge in edges)
            table.Add(edge.Id, edge.Enabled ? "yes" : "no", Ports(edge.ListenPorts), Ports(edge.ListenPortsUdp));
        await table.WriteAsync(context.Out);
    }

    private static string Ports(IEnumerable<PortRange> ranges) => string.Join(',', ranges) is { Length: > 0 } text ? text : "-";
}
