using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Nodes;
using Tunnel.Shared.Text;

namespace Tunnel.Edge.Firewall;

/// <summary>
/// The content of a table as far as it stays as we put it there: without handles, counts, used-up allowances, remaining times, and the
/// sources that limits remember. A copy that is taken right after a ruleset was put in force shows later what somebody else has changed.
/// </summary>
/// <param name="Items">Chains, sets, counters, limits, rules and elements; each text begins with its kind.</param>
/// <param name="Timed">The elements that end by themselves, and when, in seconds.</param>
internal sealed record NftInForce(ImmutableHashSet<string> Items, ImmutableDictionary<string, long> Timed)
{
    private const string Element = "element";
    private const string Order = "order";

    // An element that is about to end may be gone already, and its seconds are rounded.
    private const int Slack = 2;

    private static readonly JsonDocumentOptions Options = new() { AllowDuplicateProperties = false };
    private static readonly string[] Kinds = [NftObject.Chain, "set", "counter", "limit", "rule"];
    private static readonly string[] Volatile = ["handle", "packets", "bytes", "used"];

    /// <summary>Reads listings; returns null when one of them is not a listing.</summary>
    /// <param name="table">The listing of the table, without the elements of its sets.</param>
    /// <param name="sets">The listings of those sets that we fill.</param>
    /// <param name="now">The present time, in seconds of the clock that tells when elements end.</param>
    public static NftInForce? Read(string table, IEnumerable<string> sets, long now)
    {
        try
        {
            var items = ImmutableHashSet.CreateBuilder<string>(StringComparer.Ordinal);
            var timed = ImmutableDictionary.CreateBuilder<string, long>(StringComparer.Ordinal);
            var rules = new List<string>();
            foreach ((var kind, var item) in ObjectsIn(table))
            {
                foreach (var member in Volatile)
                    item.Remove(member);
                var text = $"{kind} {item.ToJsonString()}";
                items.Add(text);
                if (kind == "rule")
                    rules.Add(text);
            }

            items.Add($"{Order} {string.Join('\n', rules)}");
            foreach (var set in sets.SelectMany(ObjectsIn).Select(found => found.Item))
            {
                foreach (var element in set["elem"] as JsonArray ?? [])
                {
                    if (element is JsonObject outer && outer["elem"] is JsonObject ending && ending["expires"] is { } expires)
                        timed[$"{Element} {set["name"]} {ending["val"]!.ToJsonString()}"] = now + expires.GetValue<long>();
                    else
                        items.Add($"{Element} {set["name"]} {element!.ToJsonString()}");
                }
            }

            return new NftInForce(items.ToImmutable(), timed.ToImmutable());
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or NullReferenceException or FormatException)
        {
            return null;
        }
    }

    /// <summary>Returns what has changed until <paramref name="later"/>, in words for the operator; null when nothing has.</summary>
    public string? DriftTo(NftInForce later, long now)
    {
        string[] missing = [
            .. Items.Except(later.Items),
            .. Timed.Where(item => item.Value > now + Slack && !later.Timed.ContainsKey(item.Key)).Select(item => item.Key)];
        string[] added = [.. later.Items.Except(Items), .. later.Timed.Keys.Where(item => !Timed.ContainsKey(item))];
        if (missing.Length + added.Length == 0)
            return null;
        string[] words = [.. Count("missing", missing), .. Count("added", added)];
        return words.Length > 0 ? string.Join(", ", words) : "rules in another order";
    }

    private static IEnumerable<string> Count(string what, string[] items) => items
        .CountBy(item => item[..item.IndexOf(' ', StringComparison.Ordinal)], StringComparer.Ordinal)
        .Where(kind => kind.Key != Order)
        .OrderBy(kind => kind.Key, StringComparer.Ordinal)
        .Select(kind => $"{CountText.Of(kind.Value, kind.Key)} {what}");

    private static IEnumerable<(string Kind, JsonObject Item)> ObjectsIn(string listing) =>
        from item in JsonNode.Parse(listing, documentOptions: Options)!["nftables"]!.AsArray()
        from kind in Kinds
        where item![kind] is JsonObject
        select (kind, item![kind]!.AsObject());
}
