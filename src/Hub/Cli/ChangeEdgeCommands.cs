using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Tunnel.Hub.Edges.Definitions;
using Tunnel.Shared.Files;
using Tunnel.Shared.Firewall;
using Tunnel.Shared.Operator;

namespace Tunnel.Hub.Cli;

/// <summary><c>tunnel-hub edge set</c> and <c>edge rename</c>: what an option does not name stays as it is.</summary>
internal static class ChangeEdgeCommands
{
    public static Command Set(CommonOptions options)
    {
        var tcp = new Option<string?>("--tcp")
        {
            Description = "All TCP ports that the edge listens on, such as 80,443,8000-8010; \"\" "
            + "for none",
            HelpName = "LIST"
        };
        var udp = new Option<string?>("--udp") { Description = "All UDP ports that the edge listens on; \"\" for none", HelpName = "LIST" };
        var enabled =
            new Option<bool?>("--enabled") { Description = "false: the edge is refused, and its tunnels end", HelpName = "true|false" };
        var stun = new Option<string?>("--stun-interval-secs")
        {
            Description = "Seconds between two STUN look-ups, 10–86,400; 0 for none, default for the edge's own",
            HelpName = "N|default",
        };
        var firewall = new Option<string?>("--firewall-config")
        {
            Description = "File with the firewall as JSON; none takes it "
            + "away",
            HelpName = "FILE|none"
        };
        var targets = new Option<string?>("--target-allow-cidrs")
        {
            Description = "Where targets of its ports may be, such as 10.0.0.0/8,192.168.1.7; \"\" for anywhere",
            HelpName = "LIST",
        };
        var dial = new Option<string?>("--dial")
        {
            Description = "The hub dials this edge, which awaits it there [default port: 8443]; edge: the edge dials the hub. It needs a "
                + "new token then",
            HelpName = "HOST[:PORT]|edge",
        };
        var command = new Command("set", "Change an edge; its ports' settings are changed with tunnel-hub port set")
        {
            options.Id, tcp, udp, enabled, stun, firewall, targets, dial, options.DryRun,
        };
        return options.Remote(command).Does(options, async (context, cancellation) =>
        {
            var patch = new JsonObject();
            var errors = new List<string>();
            if (context.Value(tcp) is { } tcpPorts)
                patch["listenPorts"] = PortArgument.Read("--tcp", tcpPorts, errors);
            if (context.Value(udp) is { } udpPorts)
                patch["listenPortsUdp"] = PortArgument.Read("--udp", udpPorts, errors);
            if (context.Value(enabled) is { } flag)
                patch["enabled"] = flag;
            if (context.Value(stun) is { } interval)
                patch["stunIntervalSecs"] = ReadInterval(interval, errors);
            if (context.Value(firewall) is { } file)
                patch["firewallConfig"] = await ReadFirewallAsync(file, errors, cancellation);
            if (context.Value(targets) is { } networks)
                patch["targetAllowCidrs"] = ReadNetworks(networks);
            if (context.Value(dial) is { } where)
                (patch["dial"], patch["dialAddress"]) = where == DialTarget.ByEdge ? (DialTarget.ByEdge, null) : (DialTarget.ByHub, where);
            if (errors.Count > 0)
                throw CommandFailedException.Usage([.. errors]);
            if (patch.Count == 0)
                throw CommandFailedException.Usage("Nothing to set: give an option for each thing to change. --help lists them.");
            await PatchAsync(context, options, patch, cancellation);
            if (context.Value(dial) is not null && !context.Value(options.DryRun) && !context.Json)
            {
                await context.Error.WriteLineAsync(
                    $"The edge's token says who dials, so it needs another one: tunnel-hub edge token {context.Id}");
            }
        });
    }

    public static Command Rename(CommonOptions options)
    {
        var name = new Argument<string>("NEW") { Description = "Its new id: 1–64 of A-Z a-z 0-9 . _ -" };
        var command = new Command(
            "rename",
            "Give an edge another id; it keeps everything else, and needs a token with the new one") { options.Id, name, options.DryRun };
        return options.Remote(command).Does(options, async (context, cancellation) =>
        {
            var id = context.Value(name)!;
            await PatchAsync(context, options, new JsonObject { ["id"] = id }, cancellation);
            if (!context.Value(options.DryRun) && !context.Json)
            {
                await context.Error.WriteLineAsync(
                    $"The edge still calls itself {context.Id}. Give it a token with its new id: tunnel-hub edge token {id}");
            }
        });
    }

    private static async Task PatchAsync(
        CommandContext context, CommonOptions options, JsonObject patch, CancellationToken cancellationToken)
    {
        var dryRun = context.Value(options.DryRun);
        var answer = await context.SendAsync(
            HttpMethod.Patch, context.EdgePath + CommandContext.Query(dryRun), patch.ToJsonString(), cancellationToken);
        await ChangePrinter.PrintChangesAsync(context, answer, dryRun);
    }

    private static JsonNode? ReadInterval(string text, List<string> errors)
    {
        if (text == "default")
            return null;
        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds))
            return seconds;
        errors.Add($"--stun-interval-secs \"{text}\" must be a whole number of seconds, or default");
        return null;
    }

    private static JsonArray? ReadNetworks(string list)
    {
        var words = list.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        return words.Length == 0 ? null : new JsonArray([.. words.Select(word => JsonValue.Create(word))]);
    }

    private static async Task<JsonNode?> ReadFirewallAsync(string path, List<string> errors, CancellationToken cancellationToken)
    {
        if (path == "none")
            return null;
        try
        {
            using var document = JsonText.Parse(await File.ReadAllBytesAsync(path, cancellationToken), out var faults);
            errors.AddRange(faults.Select(fault => $"--firewall-config {path}: {fault}"));
            if (document is null || JsonNode.Parse(
                JsonSerializer.Serialize(document.RootElement, EdgeJson.Default.JsonElement)) is not { } firewall)
            {
                return null;
            }

            // A patch merges, so members that the file does not have must be removed explicitly.
            if (firewall is JsonObject written)
            {
                foreach (var member in FirewallConfigReader.Members.Where(member => !written.ContainsKey(member)))
                    written[member] = null;
            }

            return firewall;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            errors.Add($"--firewall-config {path}: can't be read: {FileFault.Of(error, path)}");
            return null;
        }
    }
}
