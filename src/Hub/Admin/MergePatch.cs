using System.Text.Json;
using System.Text.Json.Nodes;

namespace Tunnel.Hub.Admin;

/// <summary>
/// JSON Merge Patch (RFC 7396): what an object names is replaced, what it names as null is taken out, and objects are merged member by
/// member.
/// </summary>
internal static class MergePatch
{
    /// <summary>What becomes of a value; the target is changed.</summary>
    /// <param name="target">What is there.</param>
    /// <param name="patch">The patch; how deep it may be is its reader's to limit.</param>
    public static JsonNode? Apply(JsonNode? target, JsonElement patch)
    {
        if (patch.ValueKind != JsonValueKind.Object)
            return patch.ValueKind == JsonValueKind.Null ? null : JsonNode.Parse(patch.GetRawText());
        var merged = target as JsonObject ?? [];
        foreach (var member in patch.EnumerateObject())
        {
            if (member.Value.ValueKind == JsonValueKind.Null)
            {
                merged.Remove(member.Name);
                continue;
            }

            var before = merged[member.Name];
            var after = Apply(before, member.Value);
            if (!ReferenceEquals(before, after))
                merged[member.Name] = after;
        }

        return merged;
    }
}
