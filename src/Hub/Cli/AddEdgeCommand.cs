using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Tunnel.Shared.Operator;

namespace Tunnel.Hub.Cli;

/// <summary><c>tunnel-hub edge add ID</c>: allows an edge and prints its connection token, alone on standard output.</summary>
internal static class AddEdgeCommand
{
    public static Command Create(CommonOptions options)
    {
        var tcp = new Option<string?>("--tcp") { Description = "TCP ports that the edge listens on, such as 80,443,8000-8010", HelpName = "LIST" };
        var udp = new Option<string?>("--udp") { Description = "UDP ports that the edge listens on, such as 53", HelpName = "LIST" };
        var command = new Command("add", "Allow an edge and print its connection token (holds its secret: keep it safe)")
        {
            options.Id, tcp, udp, options.Secret, options.SecretFile, options.Host, options.Transport,
        };
        return options.Remote(command).Does(options, async (context, cancellation) =>
        {
            var body = Definition(context, context.Value(tcp), context.Value(udp));
            var host = context.Value(options.Host) is { } named ? $"&host={Uri.EscapeDataString(named)}" : "";
            var transport = context.Value(options.Transport) is { } mode ? $"&transport={Uri.EscapeDataString(mode)}" : "";
            var answer = await context.SendAsync(HttpMethod.Post, $"api/v1/edges?token=true{host}{transport}", body.ToJsonString(), cancellation);
            using var json = JsonDocument.Parse(answer);
            await ChangePrinter.PrintWarningsAsync(context, json.RootElement);
            await EdgeTokenCommands.PrintTokenAsync(context, json.RootElement.GetProperty("token").GetString()!);
        });
    }

    private static JsonObject Definition(CommandContext context, string? tcp, string? udp)
    {
        var errors = new List<string>();
        var edge = new JsonObject
        {
            ["id"] = context.Id,
            ["listenPorts"] = Ports("--tcp", tcp, errors),
            ["listenPortsUdp"] = Ports("--udp", udp, errors),
        };
        if (errors.Count > 0)
            throw CommandFailedException.Usage([.. errors]);
        if (context.Secret() is { } secret)
            edge["secret"] = secret;
        return edge;
    }

    private static JsonArray Ports(string option, string? list, List<string> errors)
    {
        PortList.TryParse(list, out var ports, out var wrong);
        errors.AddRange(wrong.Select(error => $"{option}: {error}; valid is a list such as 80,443,8000-8010"));
        var text = PortList.Format(ports);
        var entries = text.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(entry =>
            int.TryParse(entry, NumberStyles.None, CultureInfo.InvariantCulture, out var port) ? JsonValue.Create(port) : JsonValue.Create(entry));

        // By the constructor: a collection expression adds each by a generic method that native AOT can't have.
        return new JsonArray([.. entries]);
    }
}
