using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;
using Tunnel.Hub.Edges.Definitions;
using Tunnel.Shared.Text;

namespace Tunnel.Hub.Cli;

/// <summary><c>tunnel-hub edge add ID</c>: allows an edge and prints its connection token, alone on standard output.</summary>
internal static class AddEdgeCommand
{
    public static Command Create(CommonOptions options)
    {
        var tcp = new Option<string?>("--tcp")
        {
            Description = "TCP ports that the edge listens on, such as "
            + "80,443,8000-8010",
            HelpName = "LIST"
        };
        var udp = new Option<string?>("--udp") { Description = "UDP ports that the edge listens on, such as 53", HelpName = "LIST" };
        var proxy = new Option<string?>("--proxy")
        {
            Description = "The PROXY header of its ports, in front of the client's bytes: v1 or v2 (UDP has v2 only), or off for "
                + "services that don't expect one "
                + "[default: the hub's defaultProxyProtocol]",
            HelpName = "v1|v2|off",
        };
        var dial = new Option<string?>("--dial")
        {
            Description = "The hub dials this edge, which awaits it there [default port: 8443]: for a hub that nobody can reach from "
                + "outside",
            HelpName = "HOST[:PORT]",
        };
        var command = new Command("add", "Allow an edge and print its connection token (holds its secret: keep it safe)")
        {
            options.Id, tcp, udp, proxy, dial, options.Secret, options.SecretFile, options.Host, options.Transport,
        };
        return options.Remote(command).Does(options, async (context, cancellation) =>
        {
            var body = Definition(context, context.Value(tcp), context.Value(udp), context.Value(proxy));
            if (context.Value(dial) is { } address)
                (body["dial"], body["dialAddress"]) = (DialTarget.ByHub, address);
            var host = context.Value(options.Host) is { } named ? $"&host={Uri.EscapeDataString(named)}" : "";
            var transport = context.Value(options.Transport) is { } mode ? $"&transport={Uri.EscapeDataString(mode)}" : "";
            var answer =
                await context.SendAsync(HttpMethod.Post, $"api/v1/edges?token=true{host}{transport}", body.ToJsonString(), cancellation);
            using var json = JsonDocument.Parse(answer);
            await ChangePrinter.PrintWarningsAsync(context, json.RootElement);
            await EdgeTokenCommands.PrintTokenAsync(context, json.RootElement.GetProperty("token").GetString()!);
            if (!context.Json && !ReferenceEquals(context.Terminal, Terminal.None))
                await context.Error.WriteAsync(NextSteps(context.Id));
        });
    }

    /// <summary>Tells an operator who sees the token on a terminal what to do with it.</summary>
    internal static string NextSteps(string id) => $"""

        Now at the edge's machine, where tunnel-edge is installed:
          sudo tunnel-edge init      and paste the line above
        By hand: put it into /etc/tunnel-edge/token (mode 600), then sudo systemctl enable --now tunnel-edge
        Without systemd: tunnel-edge run --token-file FILE
        If it does not connect: tunnel-edge doctor --token-file /etc/tunnel-edge/token. What it is like seen from here: tunnel-hub edge list
        Where its streams go: tunnel-hub port set {id} tcp/443 --to HOST:PORT --proxy v1|v2|off

        """;

    private static JsonObject Definition(CommandContext context, string? tcp, string? udp, string? proxy)
    {
        var errors = new List<string>();
        var edge = new JsonObject
        {
            ["id"] = context.Id,
            ["listenPorts"] = PortArgument.Read("--tcp", tcp, errors),
            ["listenPortsUdp"] = PortArgument.Read("--udp", udp, errors),
        };
        if (proxy is not (null or "v1" or "v2" or "off"))
            errors.Add($"--proxy \"{proxy}\": must be v1, v2 or off");
        if (errors.Count > 0)
            throw CommandFailedException.Usage([.. errors]);
        if (context.Secret() is { } secret)
            edge["secret"] = secret;
        if (proxy is not null)
            edge["ports"] = new JsonObject { [PortKey.Default] = PortOptions.Proxy(proxy) };
        return edge;
    }
}
