using System.Text.Json;
using System.Text.Json.Nodes;

namespace Tunnel.Hub.Admin;

/// <summary>
/// JSON Merge Patch (RFC 7396): a member that the patch names is replaced, one that it names as null is removed, and objects are merged
/// member by member.
/// </summary>
internal static class MergePatch
{
    /// <summary>Applies a patch and returns the result; the target is changed.</summary>
    /// <param name="target">The present value.</param>
    /// <param name="patch">The patch; its reader limits how deep it may be.</param>
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
