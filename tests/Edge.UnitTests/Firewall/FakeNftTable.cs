using System.Text.Json.Nodes;

namespace Tunnel.Edge.UnitTests.Firewall;

/// <summary>One table of a <see cref="FakeNft"/>.</summary>
internal sealed class FakeNftTable
{
    /// <summary>The chains, sets, counters and limits, by name.</summary>
    public Dictionary<string, (string Kind, JsonObject Item)> Objects { get; private init; } = [];

    public List<JsonObject> Rules { get; private init; } = [];

    /// <summary>The elements of each set.</summary>
    public Dictionary<string, List<JsonNode>> Elements { get; private init; } = [];

    public static FakeNftTable Of(string owner, string comment)
    {
        var table = new FakeNftTable();
        table.Do("add", "chain", new JsonObject { ["family"] = "inet", ["table"] = "tunnel_edge", ["name"] = owner });
        table.Do(
            "add", "rule", new JsonObject { ["family"] = "inet", ["table"] = "tunnel_edge", ["chain"] = owner, ["comment"] = comment });
        return table;
    }

    public FakeNftTable Copy() => new()
    {
        Objects = new(Objects),
        Rules = [.. Rules],
        Elements = Elements.ToDictionary(set => set.Key, set => set.Value.ToList()),
    };

    /// <returns>Whether the change can be made.</returns>
    public bool Do(string verb, string kind, JsonObject item)
    {
        var name = (string?)item["name"] ?? "";
        switch (verb, kind)
        {
            case ("add", "rule"):
                Rules.Add(item);
                return Objects.ContainsKey((string)item["chain"]!);
            case ("add", "element"):
                Elements.TryAdd(name, []);
                Elements[name].AddRange(item["elem"]!.AsArray()!);
                return Objects.ContainsKey(name);
            case ("add", _):
                return Objects.TryAdd(name, (kind, item)) || Objects[name].Kind == kind;
            case ("flush", "chain"):
                Rules.RemoveAll(rule => (string?)rule["chain"] == name);
                return Objects.ContainsKey(name);
            case ("flush", _):
                return Elements.Remove(name);
            default:
                return Objects.Remove(name);
        }
    }

    /// <summary>The table's contents, elements aside.</summary>
    public IEnumerable<JsonObject> List() =>
        [
            .. List("chain"), .. List("set"), .. List("counter"), .. List("limit"),
            .. Rules.Select(rule => new JsonObject { ["rule"] = rule.DeepClone() })];

    public IEnumerable<JsonObject> List(string kind) =>
        Objects.Values.Where(item => item.Kind == kind).Select(item => new JsonObject { [kind] = item.Item.DeepClone() });

    public IEnumerable<JsonObject>? ListSet(string name)
    {
        if (!Objects.TryGetValue(name, out var set))
            return null;
        var listed = set.Item.DeepClone().AsObject();
        listed["elem"] = new JsonArray([.. (Elements.GetValueOrDefault(name) ?? []).Select(Listed)]);
        return [new JsonObject { ["set"] = listed }];
    }

    private static JsonNode Listed(JsonNode element)
    {
        var listed = element.DeepClone();
        if (listed is JsonObject { Count: > 0 } item && item["elem"] is JsonObject ending)
            ending["expires"] = ending["timeout"]!.DeepClone();
        return listed;
    }
}
