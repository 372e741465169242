using System.Collections.Immutable;
using System.Text.Json;
using Tunnel.Shared.Configuration;
using Tunnel.Shared.Protocol;

namespace Tunnel.Edge.Cli;

/// <summary>Settings that are lists: a JSON array in a file, or words separated by commas anywhere.</summary>
internal static class ListSettings
{
    private const int AllPorts = 65535;

    /// <summary>Ports and ranges; null when the setting is missing.</summary>
    public static ImmutableArray<int>? PortNumbers(this LayeredConfiguration configuration, string name)
    {
        if (configuration.Words(name) is not { } text)
            return null;
        if (PortList.TryParse(text.Value, out ImmutableArray<int> ports, out ImmutableArray<string> errors, AllPorts))
            return ports;
        foreach (string error in errors)
            configuration.Errors.Add(name, text.Value, error, text.Source);
        return null;
    }

    /// <summary>The list as text with commas; null when the setting is missing.</summary>
    public static Setting? Words(this LayeredConfiguration configuration, string name)
    {
        configuration.AllowTree(name);
        if (configuration.Find(name) is { } text)
            return text;
        if (configuration.FindJson(name) is not { } json)
            return null;
        if (json.ValueKind == JsonValueKind.Array && json.EnumerateArray().All(item => item.ValueKind is JsonValueKind.Number or JsonValueKind.String))
            return new Setting(name, string.Join(',', json.EnumerateArray().Select(item => item.ToString())), "configuration file");
        configuration.Errors.Add(name, json.ToString(), "must be a list, such as [80, \"8000-8010\"]", "configuration file");
        return null;
    }
}
