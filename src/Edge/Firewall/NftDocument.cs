using System.Text;
using System.Text.Json.Nodes;

namespace Tunnel.Edge.Firewall;

/// <summary>
/// Writes whole transactions about one table for <c>nft -j -f -</c>: either everything in a transaction happens, or nothing.
/// <see cref="NftOwner"/> describes how a table is guarded.
/// </summary>
/// <param name="table">The table's name.</param>
internal sealed class NftDocument(string table)
{
    /// <summary>Creates the table; fails when it exists.</summary>
    public byte[] Create(Ruleset next, NftOwner owner) => Serialize([Do("create"), .. Fill(next, owner)]);

    /// <summary>Creates the table anew in place of a previous owner's; fails when that owner no longer has it.</summary>
    public byte[] Replace(NftOwner previous, Ruleset next, NftOwner owner) =>
        Serialize([FlushChain(previous.Chain), Do("delete"), Do("add"), .. Fill(next, owner)]);

    /// <summary>
    /// Changes one ruleset of ours to the next. What is the same in both stays as it is, with its allowances, counts and remaining times.
    /// </summary>
    public byte[] Update(Ruleset current, Ruleset next, NftOwner owner)
    {
        List<JsonObject> commands = [FlushChain(owner.Chain), .. current.Chains.Select(FlushChain)];
        commands.AddRange(current.Objects.Values.Where(item => !next.Objects.ContainsKey(item.Name)).Select(
            item => NftJson.Do("delete", item.Kind, In(NftJson.Named(item.Name)))));
        commands.AddRange(Objects(next.Objects.Values.Where(item => !current.Objects.ContainsKey(item.Name))));
        foreach ((var set, var elements) in next.Elements)
        {
            var before = current.Elements.GetValueOrDefault(set);
            if (before?.Key == elements.Key)
                continue;
            if (before is not null)
                commands.Add(NftJson.Do("flush", "set", In(NftJson.Named(set))));
            commands.Add(Elements(set, elements));
        }

        return Serialize([.. commands, .. Rules(next)]);
    }

    /// <summary>Removes the table if it belongs to this owner.</summary>
    public byte[] Remove(NftOwner owner) => Serialize([FlushChain(owner.Chain), Do("delete")]);

    /// <summary>Lists the table.</summary>
    public byte[] List() => Serialize([Do("list")]);

    /// <summary>Lists one of the table's sets.</summary>
    public byte[] ListSet(string name) => Serialize([NftJson.Do("list", "set", In(NftJson.Named(name)))]);

    /// <summary>Lists the chains of all tables of the family, without their rules.</summary>
    public static byte[] ListChains() => List("chains");

    /// <summary>Lists the tables of the family.</summary>
    public static byte[] ListTables() => List("tables");

    private static byte[] List(string kind) => Serialize([NftJson.Do("list", kind, new JsonObject { ["family"] = NftJson.Family })]);

    private IEnumerable<JsonObject> Fill(Ruleset next, NftOwner owner) =>
    [
        NftJson.Do("add", NftObject.Chain, In(NftJson.Named(owner.Chain))), .. Objects(next.Objects.Values),
        .. next.Elements.Select(set => Elements(set.Key, set.Value)), .. Rules(next),
    ];

    private JsonObject Do(string verb) => NftJson.Do(verb, "table", new JsonObject { ["family"] = NftJson.Family, ["name"] = table });

    private JsonObject FlushChain(string chain) => NftJson.Do("flush", NftObject.Chain, In(NftJson.Named(chain)));

    private IEnumerable<JsonObject> Objects(IEnumerable<NftObject> objects) =>
        objects.Select(item => NftJson.Do("add", item.Kind, In((JsonObject)item.Definition.DeepClone())));

    private JsonObject Elements(string set, NftElements elements)
    {
        var what = In(NftJson.Named(set));
        what["elem"] = new JsonArray([.. elements.Items.Select(item => item.DeepClone())]);
        return NftJson.Do("add", "element", what);
    }

    private IEnumerable<JsonObject> Rules(Ruleset ruleset) =>
        ruleset.Rules.Select(rule => NftJson.Do("add", "rule", In((JsonObject)rule.DeepClone())));

    /// <summary>Inserts the table's name behind the family of an object.</summary>
    private JsonObject In(JsonObject what)
    {
        what.Insert(1, "table", table);
        return what;
    }

    private static byte[] Serialize(IEnumerable<JsonObject> commands) =>
        Encoding.UTF8.GetBytes(new JsonObject { ["nftables"] = new JsonArray([.. commands]) }.ToJsonString());
}
