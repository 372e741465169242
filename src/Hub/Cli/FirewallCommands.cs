using System.Collections.Immutable;
using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Tunnel.Hub.Admin.Answers;
using Tunnel.Shared.Text;

namespace Tunnel.Hub.Cli;

/// <summary><c>tunnel-hub firewall …</c>: blocks that end by themselves.</summary>
internal static class FirewallCommands
{
    private static readonly Argument<string> Ip =
        new("IP") { Description = "An address or CIDR, such as 192.0.2.7, 198.51.100.0/24 or 2001:db8::/32" };

    private static readonly Option<string?> Edges = new("--edges")
    {
        Description = "Ids of edges, separated by commas [default: all edges, those that come later included]",
        HelpName = "LIST",
    };

    private static readonly Option<string?> Reason = new("--reason") { Description = "Why, for the list", HelpName = "TEXT" };

    public static Command Create(CommonOptions options) =>
        new("firewall", "Block sources at the edges for a while") { Block(options), Unblock(options), List(options) };

    private static Command Block(CommonOptions options)
    {
        var time = CommonOptions.Time("--for", "How long, such as 90s, 30m, 24h or 7d [default: 1h]");
        var command = new Command(
            "block", "Let nothing in from an address or network for a while, and reset its open connections") { Ip, time, Edges, Reason };
        return options.Remote(command).Does(options, async (context, cancellation) =>
        {
            var body = new JsonObject { ["ip"] = context.Value(Ip) };
            if (context.Value(time) is { } duration)
                body["seconds"] = (long)duration.TotalSeconds;
            if (context.Value(Edges) is { } edges)
                body["edges"] = new JsonArray([.. edges.Split(',', StringSplitOptions.TrimEntries).Select(id => (JsonNode)id)]);
            if (context.Value(Reason) is { } reason)
                body["reason"] = reason;
            var answer = await context.SendAsync(HttpMethod.Post, "api/v1/blocks", body.ToJsonString(), cancellation);
            await context.Out.WriteLineAsync(
                context.Json ? answer : Describe(JsonSerializer.Deserialize(answer, AdminJson.Default.AddedBlock)!));
        });
    }

    private static Command Unblock(CommonOptions options) =>
        options.Remote(new Command("unblock", "Lift a block before its end") { Ip }).Does(options, async (context, cancellation) =>
        {
            var path = $"api/v1/blocks/{Uri.EscapeDataString(context.Value(Ip)!)}";
            var answer = await context.SendAsync(HttpMethod.Delete, path, null, cancellation);
            await context.Out.WriteLineAsync(
                context.Json ? answer : $"{JsonSerializer.Deserialize(answer, AdminJson.Default.Block)!.Ip} is no longer blocked.");
        });

    private static Command List(CommonOptions options) =>
        options.Remote(new Command("list", "List the blocks that are in force")).Does(options, async (context, cancellation) =>
        {
            var answer = await context.SendAsync(HttpMethod.Get, "api/v1/blocks", null, cancellation);
            if (context.Json)
            {
                await context.Out.WriteLineAsync(answer);
                return;
            }

            var table = new TextTable("SOURCE", "EDGES", "SINCE", "UNTIL", "REASON");
            foreach (var block in JsonSerializer.Deserialize(answer, AdminJson.Default.IEnumerableBlock)!)
                table.Add(block.Ip, EdgesOf(block.Edges), $"{block.Since:u}", $"{block.Until:u}", block.Reason ?? "-");
            await table.WriteAsync(context.Out, context.Terminal.Width);
        });

    private static string Describe(AddedBlock block) => string.Create(
        CultureInfo.InvariantCulture,
        $"{block.Ip} is blocked at {EdgesOf(block.Edges)} until {block.Until:u}. Connected edges that get it now: {block.ConnectedEdges}; "
            + $"open connections from there, which are reset: {block.OpenConnections}.");

    private static string EdgesOf(ImmutableArray<string> edges) => edges.IsDefaultOrEmpty ? "all edges" : string.Join(',', edges);
}
