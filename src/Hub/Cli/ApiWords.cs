using System.Text.RegularExpressions;
using Tunnel.Hub.Edges.Definitions;
using Tunnel.Shared.Hosting;
using Tunnel.Shared.Operator;

namespace Tunnel.Hub.Cli;

/// <summary>Puts the API's answer into the words of the command that made the request.</summary>
internal static partial class ApiWords
{
    // Members whose option has another name, or that have no option.
    private static readonly Dictionary<string, string> Names = new(StringComparer.Ordinal)
    {
        ["id"] = "ID",
        ["ip"] = "IP",
        ["listenPorts"] = "--tcp",
        ["listenPortsUdp"] = "--udp",
        ["seconds"] = "--for",
        ["graceSeconds"] = "--grace",
    };

    // Members that no single option covers as a whole.
    private static readonly string[] Trees = ["ports", "firewallConfig"];

    /// <summary>
    /// Turns a JSON path into the name of an option: <c>?limit</c> → <c>--limit</c>, <c>$.listenPorts[0]</c> → <c>--tcp</c>. A place in a
    /// file stays, without the <c>$</c>.
    /// </summary>
    public static string NameOf(string path)
    {
        if (path.StartsWith('?'))
            return Option(path[1..]);
        if (!path.StartsWith("$.", StringComparison.Ordinal))
            return path.TrimStart('$');
        if (SettingOfPort().Match(path).Groups["name"].Value is { Length: > 0 } name && PortSettings.All.FirstOrDefault(
            setting => setting.Name == name) is { } setting)
        {
            return setting.OptionName;
        }

        var member = path[2..].Split('.', '[')[0];
        return Trees.Contains(member) ? path[2..] : Option(member);
    }

    /// <summary>Returns a line for each fault, and advice where the hub's own answer is about its API.</summary>
    public static IReadOnlyList<string> Explain(AdminResponse answer, string path) => answer.StatusCode switch
    {
        404 when path.Contains("/ports/", StringComparison.Ordinal) =>
            [.. answer.Errors(NameOf), "tunnel-hub edge list shows all edges with their ports."],
        404 when path.StartsWith("api/v1/edges/", StringComparison.Ordinal) =>
            [.. answer.Errors(NameOf), "tunnel-hub edge list shows all edges."],
        404 when path.StartsWith("api/v1/blocks/", StringComparison.Ordinal) =>
            [.. answer.Errors(NameOf), "tunnel-hub firewall list shows all blocks."],
        409 when path.StartsWith("api/v1/edges?", StringComparison.Ordinal) =>
            [.. answer.Errors(NameOf), "Change its ports with tunnel-hub port, or take another id."],
        _ => answer.Errors(NameOf),
    };

    // Matches the path of a port's own setting, and its path within an edge.
    [GeneratedRegex(@"^\$(?:\.ports\['[^']*'\])?\.(?<name>\w+)(?:\[\d+\])?$")]
    private static partial Regex SettingOfPort();

    private static string Option(string member) => Names.TryGetValue(member, out var name) ? name : $"--{SettingName.ToOption(member)}";
}
