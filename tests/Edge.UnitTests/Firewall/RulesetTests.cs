using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Tunnel.Edge.Configuration;
using Tunnel.Edge.Firewall;

namespace Tunnel.Edge.UnitTests.Firewall;

/// <summary>The script for nft has exactly these words. FunctionalTests show that nft takes it, and what it does then.</summary>
public class RulesetTests
{
    private const string Everything = """
        {"blockedIps":["192.0.2.0/25","192.0.2.128/25","198.51.100.7","198.51.100.7","2001:db8::/32"],
         "rateLimits":[{"id":"web","port":443,"protocol":"tcp","rate":"100/second","burst":200,"perSourceIP":true},{"id":"dns","port":53,"rate":"10/hour"}],
         "rules":[{"id":"a","direction":"input","action":"drop","sourceIP":"10.0.0.0/8","destPort":"8000-8010","protocol":"udp","comment":"; flush ruleset"},
                  {"id":"b","direction":"output","action":"reject","destPort":25},
                  {"id":"c","direction":"forward","action":"accept","sourceIP":"2001:db8::1"}]}
        """;

    private static readonly NftDocument Table = new("tunnel_edge");
    private static readonly NftOwner Owner = new("id", 3, "abc");

    private static readonly JsonSerializerOptions Readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    [Fact]
    public void Everything_is_rendered_as_written_down()
    {
        var plan = Plans.Of(Everything, ("203.0.113.0/24", 160), ("203.0.113.9", 400), ("2001:db8:1::/48", 50)) with
        {
            NeverBlocked = [Plans.Range("192.0.2.1")],
        };
        var lines = Lines(Table.Replace(Owner with { Generation = 2 }, RulesetBuilder.Build(plan, now: 100), Owner));
        var golden = Path.Combine(AppContext.BaseDirectory, "Firewall", "everything.golden");
        Assert.Equal(File.ReadAllLines(golden), lines);
    }

    [Fact]
    public void What_stays_the_same_keeps_its_allowances_counts_and_times()
    {
        var before = RulesetBuilder.Build(Plans.Of(Everything, ("203.0.113.9", 400)), now: 100);
        var changed = Everything.Replace("10/hour", "20/hour", StringComparison.Ordinal).Replace(
            "198.51.100.7", "198.51.100.8", StringComparison.Ordinal);
        var after = RulesetBuilder.Build(Plans.Of(changed, ("203.0.113.9", 400)), now: 130);
        var lines = Lines(Table.Update(before, after, Owner));

        Assert.Equal("""{"flush":{"chain":{"family":"inet","table":"tunnel_edge","name":"owner_id_3_abc"}}}""", lines[0]);
        // Only the limit that changed is made anew, with its counter; the limit per source and the timed block stay.
        Assert.Equal(["counter", "limit"], Kinds(lines, "delete").Order());
        Assert.Equal(["counter", "limit"], Kinds(lines, "add").Where(kind => kind is not ("rule" or "element")).Order());
        Assert.DoesNotContain(lines, line =>
            line.Contains("\"flush\":{\"set\"", StringComparison.Ordinal) && line.Contains("timed4", StringComparison.Ordinal));
        Assert.Contains("""{"flush":{"set":{"family":"inet","table":"tunnel_edge","name":"blocked4"}}}""", lines);
        Assert.Equal(after.Rules.Length, Kinds(lines, "add").Count(kind => kind == "rule"));
        Assert.Equal(before.Chains, lines.Skip(1).Take(3).Select(line => (string?)JsonNode.Parse(line)!["flush"]!["chain"]!["name"]));
    }

    [Fact]
    public void A_block_that_was_made_longer_is_set_anew()
    {
        var before = RulesetBuilder.Build(Plans.Of("{}", ("203.0.113.9", 400)), now: 100);
        var after = RulesetBuilder.Build(Plans.Of("{}", ("203.0.113.9", 500)), now: 130);
        var lines = Lines(Table.Update(before, after, Owner));
        Assert.Contains("""{"flush":{"set":{"family":"inet","table":"tunnel_edge","name":"timed4"}}}""", lines);
        Assert.Contains(lines, line => line.Contains("\"timeout\":370", StringComparison.Ordinal));
    }

    [Fact]
    public void Expired_blocks_are_left_out()
    {
        var ruleset = RulesetBuilder.Build(Plans.Of("{}", ("203.0.113.9", 400)), now: 400);
        Assert.Empty(ruleset.Elements);
        Assert.Equal(["input"], ruleset.Objects.Keys);
    }

    [Fact]
    public void Protected_ports_come_before_whatever_blocks()
    {
        var ruleset = RulesetBuilder.Build(Plans.Of(Everything), now: 0);
        string[] comments = [.. ruleset.Rules.Where(rule => (string?)rule["chain"] == "input").Select(rule => (string)rule["comment"]!)];
        Assert.Equal(
            [
                "loopback", "protected ports", "blocked UDP", "blocked UDP", "established", "blocked", "blocked", "limit web", "limit web",
                "limit web", "limit web", "limit dns", "rule a"],
            comments);
    }

    [Fact]
    public void No_text_of_the_hub_reaches_nft()
    {
        var document = string.Join('\n', Lines(Table.Create(RulesetBuilder.Build(Plans.Of(Everything), 0), Owner)));
        Assert.DoesNotContain("flush ruleset", document, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("owner_id_3_abc", 3L)]
    [InlineData("owner_id_x_abc", null)]
    [InlineData("owner_3_abc", null)]
    [InlineData("input", null)]
    public void A_chain_tells_the_owner(string chain, long? generation) => Assert.Equal(generation, NftOwner.Parse(chain)?.Generation);

    [Fact]
    public void Edges_are_the_same_by_their_state_their_id_and_their_hub()
    {
        var edge = new TunnelEdgeOptions { HubHost = "hub", EdgeId = "a", Secret = "s", StateDirectory = "/var/lib/a" };
        TunnelEdgeOptions[] others =
            [
                edge with { HubHost = "hub2" }, edge with { HubPort = 1 }, edge with { EdgeId = "b" },
                edge with { StateDirectory = "/var/lib/b" }, edge with { StateDirectory = null }];
        Assert.Equal(EdgeIdentity.Of(edge), EdgeIdentity.Of(edge with { Secret = "other", StateDirectory = "/var/lib/./a" }));
        Assert.Equal(6, others.Append(edge).Select(EdgeIdentity.Of).Distinct().Count());
        Assert.Equal(new NftOwner(EdgeIdentity.Of(edge), 7, "abc"), NftOwner.Parse(new NftOwner(EdgeIdentity.Of(edge), 7, "abc").Chain));
    }

    [Fact]
    public void Listings_are_read_or_are_nothing()
    {
        const string output =
            """{"nftables":[{"metainfo":{}},{"chain":{"family":"inet","table":"tunnel_edge","name":"a"}},{"chain":{"family":"inet","table":"other","name":"b"}}]}""";
        Assert.Equal([("tunnel_edge", "a"), ("other", "b")], NftListing.Chains(output));
        foreach (var bad in new[]
        {
            "", "[]", "{", "{}", """{"nftables":7}""", """{"nftables":[7]}""", """{"nftables":[{"chain":{"name":"a","name":"b"}}]}""",
        })
        {
            Assert.Empty(NftListing.Chains(bad));
        }
    }

    private static IEnumerable<string> Kinds(string[] lines, string verb) =>
        lines.Select(line => JsonNode.Parse(line)![verb]).OfType<JsonObject>().Select(what => what.First().Key);

    private static string[] Lines(byte[] document) =>
        [.. JsonNode.Parse(document)!["nftables"]!.AsArray().Select(command => command!.ToJsonString(Readable))];
}
