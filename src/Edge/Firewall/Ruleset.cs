using System.Collections.Immutable;
using System.Text.Json.Nodes;

namespace Tunnel.Edge.Firewall;

/// <summary>
/// The content of our table. The names of chains, sets, limits and counters stand for their definitions, so an object that is in two
/// rulesets can stay when one replaces the other, with the allowances and counts that it has gathered.
/// </summary>
/// <param name="Objects">The objects by name.</param>
/// <param name="Elements">The addresses of the sets that we fill, by the set's name.</param>
/// <param name="Rules">The rules, in their order within each chain.</param>
internal sealed record Ruleset(
    ImmutableSortedDictionary<string, NftObject> Objects, ImmutableSortedDictionary<string, NftElements> Elements,
    ImmutableArray<JsonObject> Rules)
{
    public IEnumerable<string> Chains => Objects.Values.Where(item => item.Kind == NftObject.Chain).Select(item => item.Name);
}

/// <summary>A named object of our table.</summary>
/// <param name="Kind">The kind of object, as libnftables calls it.</param>
/// <param name="Name">The name, unique over all kinds.</param>
/// <param name="Definition">The whole definition.</param>
internal sealed record NftObject(string Kind, string Name, JsonObject Definition)
{
    public const string Chain = "chain";
}

/// <summary>The elements of a set.</summary>
/// <param name="Items">The elements in the form that libnftables takes.</param>
/// <param name="Key">Equal when the elements are equal. Remaining times do not count, because they go on by themselves.</param>
internal sealed record NftElements(ImmutableArray<JsonNode> Items, string Key);
