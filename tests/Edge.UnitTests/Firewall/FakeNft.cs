using System.Text.Json.Nodes;
using Tunnel.Edge.Firewall;

namespace Edge.UnitTests.Firewall;

/// <summary>Remembers whose table is in place and which comments its rules have; refuses what nft would refuse for the owner's sake.</summary>
internal sealed class FakeNft : INft
{
    private string? _owner;

    /// <summary>What every transaction ends with instead of success.</summary>
    public NftResult? Fault { get; set; }

    public List<string> Rules { get; private set; } = [];

    public List<string> Elements { get; } = [];

    public int Transactions { get; private set; }

    public bool HasTable => _owner is not null;

    /// <summary>Another process makes its table in place of ours, or a killed one has left it behind.</summary>
    public void TakeOver(string owner) => (_owner, Rules) = (owner, ["of another"]);

    /// <summary>Somebody flushes the whole ruleset.</summary>
    public void Flush() => (_owner, Rules) = (null, []);

    public Task<NftResult> RunAsync(byte[] document, CancellationToken cancellationToken)
    {
        lock (this)
            return Task.FromResult(Fault ?? Run(JsonNode.Parse(document)!["nftables"]!.AsArray()));
    }

    private NftResult Run(JsonArray commands)
    {
        JsonObject first = commands[0]!.AsObject();
        if (first["list"] is { } list)
            return new NftResult(NftOutcome.Done, List(list.AsObject().First().Key));
        Transactions++;
        bool anew = first.ContainsKey("add");
        string? owner = (string?)(anew ? commands.Count > 3 ? commands[3]!["add"]!["chain"]!["name"] : null : first["flush"]!["chain"]!["name"]);
        if (!anew && owner != _owner)
            return new NftResult(NftOutcome.Refused, "No such file or directory");
        bool removed = commands.Count == 2;
        _owner = removed ? null : owner;
        Rules = [.. commands.Select(command => command!["add"]?["rule"]).OfType<JsonObject>().Select(rule => (string)rule["comment"]!)];
        Elements.Clear();
        Elements.AddRange(commands.Select(command => command!["add"]?["element"]).OfType<JsonObject>().Select(set => set.ToJsonString()));
        return new NftResult(NftOutcome.Done, "");
    }

    private string List(string kind) => _owner is null ? """{"nftables":[]}"""
        : kind == "tables" ? """{"nftables":[{"table":{"family":"inet","name":"tunnel_edge"}}]}"""
        : $$$"""{"nftables":[{"chain":{"family":"inet","table":"tunnel_edge","name":"{{{_owner}}}"}}]}""";
}
