using System.Text.Json;
using Tunnel.Shared.Configuration;

namespace Tunnel.Hub.Edges.Definitions;

/// <summary>Reads single values of JSON, with a fault instead of an exception.</summary>
internal sealed class JsonMembers(FaultList faults)
{
    public string? ReadString(JsonElement value, string path)
    {
        if (value.ValueKind == JsonValueKind.String)
            return value.GetString();
        faults.Add(path, value, "must be a string");
        return null;
    }

    /// <summary>Like <see cref="ReadString"/>, but the value is never shown.</summary>
    public string? ReadSecret(JsonElement value, string path)
    {
        if (value.ValueKind == JsonValueKind.String)
            return value.GetString();
        faults.Add(path, EdgeSetValidator.Masked, "must be a string");
        return null;
    }

    public bool? ReadBoolean(JsonElement value, string path)
    {
        if (value.ValueKind is JsonValueKind.True or JsonValueKind.False)
            return value.GetBoolean();
        faults.Add(path, value, "must be true or false");
        return null;
    }

    public int? ReadInteger(JsonElement value, string path)
    {
        if (value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var number))
            return number;
        faults.Add(path, value, "must be a whole number");
        return null;
    }

    public void AddUnknown(string path, JsonProperty member, IReadOnlyCollection<string> valid)
    {
        if (faults.IsFull)
        {
            faults.Add(path, "", "");
            return;
        }

        var nearest = SettingName.Nearest(member.Name, valid);
        // The value is not shown: a misspelt "secret" is a secret still.
        faults.Add(
            Child(path, member.Name),
            "(unknown member)",
            nearest is null ? $"is not known; valid are {string.Join(", ", valid)}" : $"is not known; did you mean \"{nearest}\"?");
    }

    /// <summary>The path of a member whose name may be anything.</summary>
    public static string Index(string path, string name) => $"{path}['{name.Replace("'", "\\'", StringComparison.Ordinal)}']";

    private static string Child(string path, string name) =>
        name.Length is > 0 and <= 40 && name.All(char.IsAsciiLetterOrDigit) ? $"{path}.{name}" : Index(path, name.Length > 40 ? name[..40] + "…" : name);
}
