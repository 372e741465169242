using System.Text.Json;

namespace Tunnel.Shared.Configuration;

/// <summary>Reads settings that are lists: a JSON array in a file, or words separated by commas anywhere.</summary>
public static class ListReaders
{
    /// <summary>Returns the list as text with commas, or null when the setting is missing.</summary>
    public static Setting? Words(this LayeredConfiguration configuration, string name)
    {
        configuration.AllowTree(name);
        if (configuration.Find(name) is { } text)
            // An empty list may be written as in JSON where only text is possible.
            return text.Value.Trim() == "[]" ? text with { Value = "" } : text;
        if (configuration.FindJson(name) is not { } json)
            return null;
        if (json.ValueKind == JsonValueKind.Array && json.EnumerateArray().All(
            item => item.ValueKind is JsonValueKind.Number or JsonValueKind.String))
        {
            return new Setting(name, string.Join(',', json.EnumerateArray().Select(item => item.ToString())), "configuration file");
        }

        configuration.Errors.Add(name, json.ToString(), "must be a list, such as [80, \"8000-8010\"]", "configuration file");
        return null;
    }
}
