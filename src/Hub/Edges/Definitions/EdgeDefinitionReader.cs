using System.Collections.Immutable;
using System.Text.Json;
using Tunnel.Shared.Operator;

namespace Tunnel.Hub.Edges.Definitions;

/// <summary>Reads edges as operators write them, and reports every fault of the whole document.</summary>
internal sealed class EdgeDefinitionReader(FaultList faults)
{
    private static readonly ObjectReader<EdgeDefinition> Edge = new(
        "{\"id\": \"edge-1\", \"listenPorts\": [443]}",
        new("id", (edge, value) => edge with { Id = value.Text() ?? "" }),
        new("secret", (edge, value) => edge with { Secret = value.Secret() }),
        new("enabled", (edge, value) => edge with { Enabled = value.Boolean() ?? true }),
        new("listenPorts", (edge, value) => edge with { ListenPorts = ReadPorts(value) }),
        new("listenPortsUdp", (edge, value) => edge with { ListenPortsUdp = ReadPorts(value) }),
        new("stunIntervalSecs", (edge, value) => edge with { StunIntervalSecs = value.Integer() }),
        new("dial", (edge, value) => edge with { Dial = value.Text() }),
        new("dialAddress", (edge, value) => edge with { DialAddress = value.Text() }),
        // The value is copied, because the document's memory goes back to its pool.
        new("firewallConfig", (edge, value) => edge with { FirewallConfig = value.Json.Clone() }),
        new("targetAllowCidrs", (edge, value) => edge with { TargetAllowCidrs = SettingForms.Cidrs.Read(value) }),
        new("ports", (edge, value) => edge with { Ports = ReadPolicies(value) }))
    {
        HidesValue = true,
    };

    /// <summary>Reads an array of edges. What can't be read is left out and reported as a fault.</summary>
    /// <param name="array">The set; null for none.</param>
    /// <param name="path">Its JSON path.</param>
    /// <param name="maxEdges">The number of edges that it may have; if there are more, none is read.</param>
    public ImmutableArray<EdgeDefinition> ReadSet(JsonElement? array, string path, int maxEdges)
    {
        if (array is not { } json)
            return [];
        if (json.ValueKind != JsonValueKind.Array)
        {
            faults.Add(path, json.ValueKind.ToString(), "must be an array of edges: [{\"id\": \"edge-1\", \"listenPorts\": [443]}]");
            return [];
        }

        if (json.GetArrayLength() is var count && count > maxEdges)
        {
            EdgeSetValidator.AddTooMany(count, maxEdges, path, faults);
            return [];
        }

        var edges = ImmutableArray.CreateBuilder<EdgeDefinition>(count);
        var index = 0;
        foreach (var item in json.EnumerateArray())
        {
            // A placeholder keeps the positions of the others, so that later faults name the right one.
            edges.Add(ReadEdge(item, $"{path}[{index++}]") ?? new EdgeDefinition { Id = "" });
        }

        return edges.MoveToImmutable();
    }

    /// <summary>Reads one edge; returns null, with a fault, when the value is not an object.</summary>
    /// <param name="json">The edge.</param>
    /// <param name="path">Its JSON path.</param>
    /// <param name="defaultId">The id when the object has none, such as the id in the path of a request.</param>
    public EdgeDefinition? ReadEdge(JsonElement json, string path, string? defaultId = null) =>
        Edge.TryRead(new WrittenValue(json, path, faults), new EdgeDefinition { Id = defaultId ?? "" }, out var edge) ? edge : null;

    private static ImmutableArray<PortRange> ReadPorts(WrittenValue value)
    {
        const int most = EdgeSetValidator.MaxPortsPerEdge;
        var items = value.Items(
            most, "must be an array of ports and ranges: [443, \"8000-8010\"]",
            $"must have at most {most} entries, which is how many ports an edge may have");
        return [.. items.Select(item => item.Ports()).OfType<PortRange>()];
    }

    private static ImmutableSortedDictionary<string, PortPolicyDefinition> ReadPolicies(WrittenValue value)
    {
        var policies = EdgeDefinition.NoPorts.ToBuilder();
        if (value.Json.ValueKind != JsonValueKind.Object)
        {
            value.Refuse("must be an object: {\"tcp/443\": {…}, \"default\": {…}}");
            return policies.ToImmutable();
        }

        const int most = EdgeSetValidator.MaxPortsPerEdge + 1;
        if (value.Json.GetPropertyCount() is var count && count > most)
        {
            value.Faults.Add(value.Path, $"{count} entries", $"must have at most {most} entries: one for each port, and the default");
            return policies.ToImmutable();
        }

        foreach (var member in value.Json.EnumerateObject())
        {
            var place = new WrittenValue(member.Value, JsonPlace.Index(value.Path, member.Name), value.Faults);
            if (PortSettings.Read(place) is { } policy)
                policies[member.Name] = policy;
        }

        return policies.ToImmutable();
    }
}
