using System.Text.Json;
using System.Text.Json.Nodes;
using Tunnel.Shared.Firewall;

namespace Tunnel.Hub.Edges.Live;

/// <summary>
/// Makes what an edge is told of its firewall: what the operator wrote, and the blocks that are in force (protocol.md section 2.8).
/// </summary>
internal static class EdgeFirewalls
{
    /// <summary>Returns the firewall with its timed blocks; null when there is neither.</summary>
    public static JsonElement? WithBlocks(JsonElement? firewall, IReadOnlyList<TimedBlock> blocks)
    {
        if (blocks.Count == 0)
            return firewall;
        var all = firewall is { } written ? JsonObject.Create(written)! : [];
        all[FirewallConfigReader.TimedBlocksMember] = new JsonArray(
            [.. blocks.Select(block => new JsonObject { ["ip"] = block.Source.ToString(), ["seconds"] = block.Seconds })]);
        return JsonElement.Parse(all.ToJsonString());
    }

    /// <summary>Whether two firewalls are the same apart from the blocks, which count down by themselves.</summary>
    public static bool AreSame(JsonElement? a, JsonElement? b) => MembersOf(a) is var left && MembersOf(b) is var right
        && left.Count == right.Count
            && left.All(member => right.TryGetValue(member.Key, out var other) && JsonElement.DeepEquals(member.Value, other));

    private static Dictionary<string, JsonElement> MembersOf(JsonElement? firewall) => firewall is not { } json
        ? []
        : json.EnumerateObject().Where(member => !member.NameEquals(FirewallConfigReader.TimedBlocksMember)).ToDictionary(
            member => member.Name, member => member.Value);
}
