using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;
using Tunnel.Hub.Admin.Answers;
using Tunnel.Hub.Status;
using Tunnel.Shared.Hosting;
using Tunnel.Shared.Protocol.Handshake;
using Tunnel.Shared.Text;

namespace Tunnel.Hub.Cli;

/// <summary><c>tunnel-hub edge …</c>: commands for one edge at a time.</summary>
internal static class EdgeCommands
{
    public static Command Create(CommonOptions options) => new("edge", "Add, show and change the allowed edges")
    {
        AddEdgeCommand.Create(options),
        ListEdgesCommand.Create(options),
        Show(options),
        ChangeEdgeCommands.Set(options),
        ChangeEdgeCommands.Rename(options),
        Remove(options),
        Enable(options, "enable", "Let an edge connect again; everything else stays", enabled: true),
        Enable(options, "disable", "Refuse an edge and end its tunnels; everything else stays", enabled: false),
        Disconnect(options),
        EdgeTokenCommands.RotateSecret(options),
        EdgeTokenCommands.Token(options),
        HubAddressCommand.Create(options),
    };

    private static Command Show(CommonOptions options) =>
        options.Remote(new Command(
            "show",
            "Print an edge's configuration, without its secret, and the state of its ports' targets and certificates") { options.Id })
            .Does(options, async (context, cancellation) =>
            {
                var edge = await context.SendAsync(HttpMethod.Get, context.EdgePath, null, cancellation);
                await context.Out.WriteLineAsync(context.Json ? edge : IndentedJson.Format(edge));
                if (!context.Json)
                    await PrintPortsAsync(context, cancellation);
            });

    // This is done only for ports with a pool, certificates or somebody who is asked about clients, so that all else stays one JSON
    // document.
    private static async Task PrintPortsAsync(CommandContext context, CancellationToken cancellation)
    {
        var answer = await context.SendAsync(HttpMethod.Get, "api/v1/status", null, cancellation);
        var status = JsonSerializer.Deserialize(answer, AdminJson.Default.HubStatus)!;
        var ports = status.Ports.Where(port => port.EdgeId == context.Id).ToArray();
        foreach (var line in ports.SelectMany(TargetText.Lines).Concat(ports.SelectMany(AdmissionText.Lines)))
            await context.Out.WriteTextAsync(line);
        foreach (var certificate in status.PortCertificates.Where(certificate => certificate.EdgeId == context.Id))
            await context.Out.WriteTextAsync(certificate.Describe(DateTimeOffset.UtcNow));
        foreach (var authorizer in status.Authorizers.Where(authorizer => authorizer.EdgeId == context.Id))
            await context.Out.WriteTextAsync(authorizer.Describe());
    }

    private static Command Remove(CommonOptions options) =>
        options.Remote(new Command("remove", "Remove an edge and end its tunnels") { options.Id })
            .Does(options, async (context, cancellation) =>
            {
                // Earlier versions accepted ids that no URL path can name.
                var answer = EdgeLine.IsValidEdgeId(context.Id) && !EdgeLine.IsValidNewEdgeId(context.Id)
                    ? await context.ChangeSetAsync(edges => RemoveFrom(edges, context.Id), cancellation)
                    : await context.SendAsync(HttpMethod.Delete, context.EdgePath, null, cancellation);
                await ChangePrinter.PrintAsync(context, answer, $"Edge {context.Id} is removed.");
            });

    private static void RemoveFrom(JsonArray edges, string id)
    {
        if (edges.RemoveAll(edge => (string?)edge!["id"] == id) == 0)
            throw new CommandFailedException(ExitCodes.Failed, [$"There is no edge \"{id}\"."]);
    }

    private static Command Disconnect(CommonOptions options) =>
        options.Remote(new Command("disconnect", "End an edge's tunnels; it may connect again at once") { options.Id })
            .Does(options, async (context, cancellation) =>
            {
                var answer = await context.SendAsync(HttpMethod.Post, $"{context.EdgePath}/disconnect", null, cancellation);
                using var json = JsonDocument.Parse(answer);
                await context.Out.WriteLineAsync(
                    context.Json ? answer : $"Edge {context.Id}: {json.RootElement.GetProperty("tunnels")} tunnels ended.");
            });

    private static Command Enable(CommonOptions options, string name, string description, bool enabled) =>
        options.Remote(new Command(name, description) { options.Id })
            .Does(options, async (context, cancellation) =>
            {
                var answer = await context.ChangeEdgeAsync(edge => edge["enabled"] = enabled, cancellation);
                await ChangePrinter.PrintAsync(context, answer, $"Edge {context.Id} is {name}d.");
            });
}
