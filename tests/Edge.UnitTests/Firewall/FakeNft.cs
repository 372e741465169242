using System.Text.Json.Nodes;
using Tunnel.Edge.Firewall;

namespace Tunnel.Edge.UnitTests.Firewall;

/// <summary>
/// A kernel's tables, as far as our transactions and listings touch them: a transaction is done as a whole or not at all.
/// </summary>
internal sealed class FakeNft : INft
{
    private Dictionary<string, FakeNftTable> _tables = [];

    /// <summary>The result of every transaction in place of success.</summary>
    public NftResult? Fault { get; set; }

    /// <summary>The exception of every transaction, as for a fault of ours.</summary>
    public Exception? Throws { get; set; }

    /// <summary>The comments of the rules of a machine's first table.</summary>
    public List<string> Rules => [.. (_tables.GetValueOrDefault(NftJson.Table)?.Rules ?? []).Select(rule => (string)rule["comment"]!)];

    /// <summary>The rules of a machine's first table, as they are written.</summary>
    public string AllRules => string.Join(
        '\n', (_tables.GetValueOrDefault(NftJson.Table)?.Rules ?? []).Select(rule => rule.ToJsonString()));

    /// <summary>The elements that the last transaction has added to sets.</summary>
    public List<string> Elements { get; } = [];

    public int Transactions { get; private set; }

    public bool HasTable => _tables.ContainsKey(NftJson.Table);

    public IReadOnlyCollection<string> Tables => _tables.Keys;

    /// <summary>Puts another process's table in place of what is there, or leaves it behind as a killed one does.</summary>
    public void TakeOver(NftOwner owner, string table = NftJson.Table) => _tables[table] = FakeNftTable.Of(owner.Chain, "of another");

    /// <summary>Flushes the whole ruleset, as somebody may do by hand.</summary>
    public void Flush() => _tables = [];

    /// <summary>Changes a table by hand.</summary>
    public void Change(Action<FakeNftTable> change, string table = NftJson.Table)
    {
        lock (this)
            change(_tables[table]);
    }

    public Task<NftResult> RunAsync(byte[] document, CancellationToken cancellationToken)
    {
        if (Throws is { } fault)
            throw fault;
        lock (this)
            return Task.FromResult(Fault ?? Run(JsonNode.Parse(document)!["nftables"]!.AsArray()));
    }

    public Task<NftResult> ListAsync(byte[] document, CancellationToken cancellationToken) => RunAsync(document, cancellationToken);

    private NftResult Run(JsonArray commands)
    {
        if (commands[0]!["list"] is JsonObject list)
            return List(list.First().Key, list.First().Value!.AsObject());
        Transactions++;
        Elements.Clear();
        var next = _tables.ToDictionary(table => table.Key, table => table.Value.Copy());
        foreach ((var verb, var what) in commands.Select(command => command!.AsObject().First()))
        {
            (var kind, var item) = (what!.AsObject().First().Key, what.AsObject().First().Value!.AsObject());
            if (kind == "element")
                Elements.Add(item.ToJsonString());
            var fits = kind == "table"
                ? ChangeTable(next, verb, (string)item["name"]!)
                : next.TryGetValue((string)item["table"]!, out var table) && table.Do(verb, kind, item);
            if (!fits)
                return new NftResult(NftOutcome.Refused, "Could not process rule: No such file or directory");
        }

        _tables = next;
        return new NftResult(NftOutcome.Done, "");
    }

    private static bool ChangeTable(Dictionary<string, FakeNftTable> tables, string verb, string name) => verb switch
    {
        "create" => tables.TryAdd(name, new FakeNftTable()),
        "delete" => tables.Remove(name),
        _ => tables.TryAdd(name, new FakeNftTable()) || true,
    };

    private NftResult List(string kind, JsonObject what)
    {
        var items = kind switch
        {
            "tables" => _tables.Keys.Select(name => new JsonObject { ["table"] = new JsonObject { ["family"] = "inet", ["name"] = name } }),
            "chains" => _tables.Values.SelectMany(table => table.List("chain")),
            "table" => _tables.GetValueOrDefault((string)what["name"]!)?.List(),
            _ => _tables.GetValueOrDefault((string)what["table"]!)?.ListSet((string)what["name"]!),
        };
        if (items is null)
            return new NftResult(NftOutcome.Refused, "No such file or directory");
        return new NftResult(NftOutcome.Done, new JsonObject { ["nftables"] = new JsonArray([.. items]) }.ToJsonString());
    }
}
