using System.Globalization;
using System.Text.Json;
using Tunnel.Shared.Operator;
using Tunnel.Shared.Text;

namespace Tunnel.Hub.Cli;

/// <summary>Prints the effect of a change: the differences by edge and port.</summary>
internal static class ChangePrinter
{
    /// <summary>Prints the warnings, and then the whole answer as JSON, or a closing line.</summary>
    public static async Task PrintAsync(CommandContext context, string answer, string done)
    {
        using var json = JsonDocument.Parse(answer);
        await PrintWarningsAsync(context, json.RootElement);
        await context.Out.WriteLineAsync(context.Json ? answer : done);
    }

    /// <summary>Prints the warnings, and then the whole answer as JSON, or the differences that the change made or would make.</summary>
    public static async Task PrintChangesAsync(CommandContext context, string answer, bool dryRun)
    {
        using var json = JsonDocument.Parse(answer);
        await PrintWarningsAsync(context, json.RootElement);
        if (context.Json)
        {
            await context.Out.WriteLineAsync(answer);
            return;
        }

        var lines = DiffLines(json.RootElement).ToList();
        foreach (var line in lines)
            await context.Out.WriteTextAsync(line);
        await context.Out.WriteLineAsync(lines.Count == 0 ? "No changes." : dryRun ? "Dry run: nothing was changed." : "Applied.");
    }

    public static async Task PrintWarningsAsync(CommandContext context, JsonElement answer)
    {
        foreach (var warning in answer.GetProperty("warnings").EnumerateArray())
        {
            await context.Error.WriteTextAsync(
                $"warning: {ApiWords.NameOf(Text(warning, "path"))}: {Text(warning, "value")} {Text(warning, "message")}");
        }
    }

    /// <summary>Returns a line for each edge: <c>~ edge-1: +tcp/443,8000-8010 -tcp/80 ~udp/53 (enabled, secret)</c>.</summary>
    public static IEnumerable<string> DiffLines(JsonElement answer)
    {
        foreach (var edge in answer.GetProperty("changes").EnumerateArray())
        {
            var mark = Text(edge, "kind") switch { "added" => '+', "removed" => '-', _ => '~' };
            List<string> parts = [
                .. Ports('+', edge, "portsAdded"), .. Ports('-', edge, "portsRemoved"), .. Ports('~', edge, "portsChanged")];
            if (string.Join(", ", Names(edge, "members")) is { Length: > 0 } members)
                parts.Add($"({members})");
            yield return $"{mark} {Text(edge, "id")}{(parts.Count > 0 ? ": " : "")}{string.Join(' ', parts)}";
        }
    }

    private static IEnumerable<string> Ports(char mark, JsonElement edge, string member) =>
        Names(edge, member).Select(port => port.Split('/')).GroupBy(
            port => port[0], port => int.Parse(port[1], CultureInfo.InvariantCulture))
            .Select(ports => $"{mark}{ports.Key}/{PortList.Format(ports)}");

    private static IEnumerable<string> Names(JsonElement edge, string member) =>
        edge.GetProperty(member).EnumerateArray().Select(name => name.GetString()!);

    private static string Text(JsonElement element, string member) => element.GetProperty(member).GetString()!;
}
