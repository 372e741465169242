using System.Collections.Immutable;
using System.Text.Json.Nodes;

namespace Tunnel.Edge.Firewall;

/// <summary>
/// What our table holds. Chains, sets, limits and counters have names that stand for their definitions: one that is in two rulesets can
/// stay when the one replaces the other, with the allowances and counts that it has gathered.
/// </summary>
/// <param name="Objects">By name.</param>
/// <param name="Elements">The addresses of the sets that are filled by us, by the set's name.</param>
/// <param name="Rules">In the order of their chains.</param>
internal sealed record Ruleset(
    ImmutableSortedDictionary<string, NftObject> Objects, ImmutableSortedDictionary<string, NftElements> Elements,
    ImmutableArray<JsonObject> Rules)
{
    public IEnumerable<string> Chains => Objects.Values.Where(item => item.Kind == NftObject.Chain).Select(item => item.Name);
}

/// <summary>Something with a name in our table.</summary>
/// <param name="Kind">What it is, as libnftables calls it.</param>
/// <param name="Name">Unique over all kinds.</param>
/// <param name="Definition">All of it.</param>
internal sealed record NftObject(string Kind, string Name, JsonObject Definition)
{
    public const string Chain = "chain";
}

/// <summary>The elements of a set.</summary>
/// <param name="Items">As libnftables takes them.</param>
/// <param name="Key">Equal when the elements are, remaining times aside: those go on by themselves.</param>
internal sealed record NftElements(ImmutableArray<JsonNode> Items, string Key);
