using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Tunnel.Edge.Firewall;

/// <summary>
/// Whole transactions for <c>nft -j -f -</c>: all of one happens or nothing. A chain without rules carries the name of the process that owns the
/// table; whatever touches the table touches that chain first, so that a process whose table was taken over can't harm its successor's.
/// </summary>
internal static class NftDocument
{
    private const string OwnerPrefix = "owner_";

    // A member that is there twice would come to light when its node is first looked at, by another exception.
    private static readonly JsonDocumentOptions ListingOptions = new() { AllowDuplicateProperties = false };

    /// <summary>The chain that names the owner.</summary>
    /// <param name="generation">Higher is newer.</param>
    /// <param name="instance">32 hexadecimal digits.</param>
    public static string OwnerChain(long generation, string instance) => $"{OwnerPrefix}{generation}_{instance}";

    /// <summary>The generation in an owner's name, or null when it is another chain.</summary>
    public static long? GenerationOf(string chain) =>
        chain.StartsWith(OwnerPrefix, StringComparison.Ordinal) && long.TryParse(chain.Split('_')[1], out long generation) ? generation : null;

    /// <summary>The whole table anew, whatever was there.</summary>
    public static byte[] Replace(Ruleset next, string owner)
    {
        // Adding it first makes the deletion valid when there is none.
        List<JsonObject> commands = [.. RemoveAnyCommands(), AddTable(), NftJson.Do("add", NftObject.Chain, NftJson.InTable(owner))];
        AddObjects(commands, next.Objects.Values);
        foreach (string set in next.Elements.Keys)
            AddElements(commands, set, next.Elements[set]);
        AddRules(commands, next);
        return Serialize(commands);
    }

    /// <summary>From one ruleset of ours to the next: what is the same in both stays as it is, with its allowances, counts and remaining times.</summary>
    public static byte[] Update(Ruleset current, Ruleset next, string owner)
    {
        List<JsonObject> commands = [NftJson.Do("flush", NftObject.Chain, NftJson.InTable(owner))];
        commands.AddRange(current.Chains.Select(chain => NftJson.Do("flush", NftObject.Chain, NftJson.InTable(chain))));
        commands.AddRange(current.Objects.Values.Where(item => !next.Objects.ContainsKey(item.Name)).Select(item => NftJson.Do("delete", item.Kind, NftJson.InTable(item.Name))));
        AddObjects(commands, next.Objects.Values.Where(item => !current.Objects.ContainsKey(item.Name)));
        foreach ((string set, NftElements elements) in next.Elements)
        {
            NftElements? before = current.Elements.GetValueOrDefault(set);
            if (before?.Key == elements.Key)
                continue;
            if (before is not null)
                commands.Add(NftJson.Do("flush", "set", NftJson.InTable(set)));
            AddElements(commands, set, elements);
        }

        AddRules(commands, next);
        return Serialize(commands);
    }

    /// <summary>Removes the table if it is this owner's.</summary>
    public static byte[] Remove(string owner) => Serialize([NftJson.Do("flush", NftObject.Chain, NftJson.InTable(owner)), DeleteTable()]);

    /// <summary>Removes the table, whosever it is and whether or not it is there.</summary>
    public static byte[] RemoveAny() => Serialize(RemoveAnyCommands());

    /// <summary>Lists the chains of all tables of the family, without their rules.</summary>
    public static byte[] ListChains() => Serialize([NftJson.Do("list", "chains", new JsonObject { ["family"] = NftJson.Family })]);

    /// <summary>Lists the tables of the family.</summary>
    public static byte[] ListTables() => Serialize([NftJson.Do("list", "tables", new JsonObject { ["family"] = NftJson.Family })]);

    /// <summary>Names in what a listing printed.</summary>
    /// <param name="output">What <c>nft</c> printed.</param>
    /// <param name="kind"><c>table</c> or <c>chain</c>; of chains those of our table.</param>
    public static IReadOnlyList<string> NamesIn(string output, string kind)
    {
        try
        {
            return [.. JsonNode.Parse(output, documentOptions: ListingOptions)!["nftables"]!.AsArray()
                .Select(item => item?[kind])
                .Where(item => item is not null && (string?)item["family"] == NftJson.Family && (kind != NftObject.Chain || (string?)item["table"] == NftJson.Table))
                .Select(item => (string?)item!["name"] ?? "")];
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or NullReferenceException)
        {
            return [];
        }
    }

    private static JsonObject AddTable() => NftJson.Do("add", "table", Table());

    private static JsonObject DeleteTable() => NftJson.Do("delete", "table", Table());

    private static List<JsonObject> RemoveAnyCommands() => [AddTable(), DeleteTable()];

    private static JsonObject Table() => new() { ["family"] = NftJson.Family, ["name"] = NftJson.Table };

    private static void AddObjects(List<JsonObject> commands, IEnumerable<NftObject> objects) =>
        commands.AddRange(objects.Select(item => NftJson.Do("add", item.Kind, (JsonObject)item.Definition.DeepClone())));

    private static void AddElements(List<JsonObject> commands, string set, NftElements elements)
    {
        JsonObject what = NftJson.InTable(set);
        what["elem"] = new JsonArray([.. elements.Items.Select(item => item.DeepClone())]);
        commands.Add(NftJson.Do("add", "element", what));
    }

    private static void AddRules(List<JsonObject> commands, Ruleset ruleset) =>
        commands.AddRange(ruleset.Rules.Select(rule => NftJson.Do("add", "rule", (JsonObject)rule.DeepClone())));

    private static byte[] Serialize(List<JsonObject> commands) =>
        Encoding.UTF8.GetBytes(new JsonObject { ["nftables"] = new JsonArray([.. commands]) }.ToJsonString());
}
