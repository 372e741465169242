using System.Text.Json;
using System.Text.Json.Nodes;

namespace Tunnel.Edge.Firewall;

/// <summary>Reads what <c>nft -j</c> prints; what is not a listing gives an empty result.</summary>
internal static class NftListing
{
    // Without this option, a duplicate member would show only when its node is first accessed, as another kind of exception.
    private static readonly JsonDocumentOptions Options = new() { AllowDuplicateProperties = false };

    /// <summary>Returns the names of the tables of our family.</summary>
    public static IReadOnlyList<string> Tables(string output) => [.. Items(output, "table").Select(table => Text(table, "name"))];

    /// <summary>Returns the chains of all tables of our family.</summary>
    public static IReadOnlyList<(string Table, string Name)> Chains(string output) =>
        [.. Items(output, NftObject.Chain).Select(chain => (Text(chain, "table"), Text(chain, "name")))];

    private static List<JsonObject> Items(string output, string kind)
    {
        try
        {
            return [.. JsonNode.Parse(output, documentOptions: Options)!["nftables"]!.AsArray()
                .Select(item => item?[kind]).OfType<JsonObject>().Where(item => Text(item, "family") == NftJson.Family)];
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or NullReferenceException)
        {
            return [];
        }
    }

    private static string Text(JsonObject item, string member)
    {
        try
        {
            return item[member] is JsonValue value && value.TryGetValue(out string? text) ? text : "";
        }
        catch (InvalidOperationException)
        {
            // Half a surrogate pair is a valid string in JSON, but nowhere else.
            return "";
        }
    }
}
