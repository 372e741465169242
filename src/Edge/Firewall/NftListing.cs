using System.Text.Json;
using System.Text.Json.Nodes;

namespace Tunnel.Edge.Firewall;

/// <summary>Reads what <c>nft -j</c> prints; what is no listing holds nothing.</summary>
internal static class NftListing
{
    // A member that is there twice would come to light when its node is first looked at, by another exception.
    private static readonly JsonDocumentOptions Options = new() { AllowDuplicateProperties = false };

    /// <summary>Names of the tables of our family.</summary>
    public static IReadOnlyList<string> Tables(string output) => [.. Items(output, "table").Select(table => Text(table, "name"))];

    /// <summary>The chains of all tables of our family.</summary>
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
            // Half a surrogate pair is a string of JSON, and of nothing else.
            return "";
        }
    }
}
