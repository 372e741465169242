using System.Text.Json;

namespace Tunnel.Shared.Configuration;

/// <summary>Settings that are lists: a JSON array in a file, or words separated by commas anywhere.</summary>
public static class ListReaders
{
    /// <summary>The list as text with commas; null when the setting is missing.</summary>
    public static Setting? Words(this LayeredConfiguration configuration, string name)
    {
        configuration.AllowTree(name);
        if (configuration.Find(name) is { } text)
            // As JSON has it, where only text can stand.
            return text.Value.Trim() == "[]" ? text with { Value = "" } : text;
        if (configuration.FindJson(name) is not { } json)
            return null;
        if (json.ValueKind == JsonValueKind.Array && json.EnumerateArray().All(
            item => item.ValueKind is JsonValueKind.Number or JsonValueKind.String))
            return new Setting(name, string.Join(',', json.EnumerateArray().Select(item => item.ToString())), "configuration file");
        configuration.Errors.Add(name, json.ToString(), "must be a list, such as [80, \"8000-8010\"]", "configuration file");
        return null;
    }
}
