using System.Collections.Immutable;
using System.Text.Json;

namespace Tunnel.Hub.Edges.Definitions;

/// <summary>
/// Reads edges as operators write them. Not a serializer's work, which stops at the first fault: here every wrong type and every unknown
/// member of the whole document is reported, with its path.
/// </summary>
internal sealed class EdgeDefinitionReader(FaultList faults)
{
    private static readonly string[] Members =
        ["id", "secret", "enabled", "listenPorts", "listenPortsUdp", "stunIntervalSecs", "firewallConfig", "ports"];

    private readonly JsonMembers _members = new(faults);

    /// <summary>Reads an array of edges. What can't be read is left out, with a fault.</summary>
    /// <param name="array">The set; null for none.</param>
    /// <param name="path">Where it stands.</param>
    /// <param name="maxEdges">Edges that it may have; of more none is read.</param>
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
            // A placeholder keeps the places of the others, so that later faults name the right one.
            edges.Add(ReadEdge(item, $"{path}[{index++}]") ?? new EdgeDefinition { Id = "" });
        }

        return edges.MoveToImmutable();
    }

    /// <summary>Reads one edge; null where there is no object, with a fault.</summary>
    /// <param name="json">The edge.</param>
    /// <param name="path">Where it stands.</param>
    /// <param name="defaultId">The id when the object names none, as where the address of a request does.</param>
    public EdgeDefinition? ReadEdge(JsonElement json, string path, string? defaultId = null)
    {
        if (json.ValueKind != JsonValueKind.Object)
        {
            faults.Add(path, json.ValueKind.ToString(), "must be an object: {\"id\": \"edge-1\", \"listenPorts\": [443]}");
            return null;
        }

        var edge = new EdgeDefinition { Id = defaultId ?? "" };
        foreach (var member in json.EnumerateObject())
        {
            var (value, at) = (member.Value, $"{path}.{member.Name}");
            if (value.ValueKind == JsonValueKind.Null && Members.Contains(member.Name) && member.Name != "id")
                continue;
            switch (member.Name)
            {
                case "id":
                    edge = edge with { Id = _members.ReadString(value, at) ?? "" };
                    break;
                case "secret":
                    edge = edge with { Secret = _members.ReadSecret(value, at) };
                    break;
                case "enabled":
                    edge = edge with { Enabled = _members.ReadBoolean(value, at) ?? true };
                    break;
                case "listenPorts":
                    edge = edge with { ListenPorts = ReadPorts(value, at) };
                    break;
                case "listenPortsUdp":
                    edge = edge with { ListenPortsUdp = ReadPorts(value, at) };
                    break;
                case "stunIntervalSecs":
                    edge = edge with { StunIntervalSecs = _members.ReadInteger(value, at) };
                    break;
                case "firewallConfig":
                    // A copy, since the document's memory goes back to its pool.
                    edge = edge with { FirewallConfig = value.Clone() };
                    break;
                case "ports":
                    edge = edge with { Ports = ReadPolicies(value, at) };
                    break;
                default:
                    _members.AddUnknown(path, member, Members);
                    break;
            }
        }

        return edge;
    }

    private ImmutableArray<PortRange> ReadPorts(JsonElement json, string path)
    {
        if (json.ValueKind != JsonValueKind.Array)
        {
            faults.Add(path, json, "must be an array of ports and ranges: [443, \"8000-8010\"]");
            return [];
        }

        if (json.GetArrayLength() is var count && count > EdgeSetValidator.MaxPortsPerEdge)
        {
            faults.Add(path, $"{count} entries", $"must have at most {EdgeSetValidator.MaxPortsPerEdge} entries, which is how many ports an edge may have");
            return [];
        }

        var ports = ImmutableArray.CreateBuilder<PortRange>();
        var index = 0;
        foreach (var item in json.EnumerateArray())
        {
            var at = $"{path}[{index++}]";
            if (item.ValueKind == JsonValueKind.Number && item.TryGetInt32(out var port))
                ports.Add(port);
            else if (item.ValueKind == JsonValueKind.String && PortRangeJsonConverter.TryParse(item.GetString(), out var range))
                ports.Add(range);
            else
                faults.Add(at, item, "must be a port (1–65535) or a range such as \"8000-8010\"");
        }

        return ports.ToImmutable();
    }

    private ImmutableDictionary<string, PortPolicyDefinition> ReadPolicies(JsonElement json, string path)
    {
        var policies = ImmutableDictionary.CreateBuilder<string, PortPolicyDefinition>(StringComparer.Ordinal);
        if (json.ValueKind != JsonValueKind.Object)
        {
            faults.Add(path, json, "must be an object: {\"tcp/443\": {…}, \"default\": {…}}");
            return policies.ToImmutable();
        }

        const int most = EdgeSetValidator.MaxPortsPerEdge + 1;
        if (json.GetPropertyCount() is var count && count > most)
        {
            faults.Add(path, $"{count} entries", $"must have at most {most} entries: one for each port, and the default");
            return policies.ToImmutable();
        }

        var reader = new PortPolicyReader(faults, _members);
        foreach (var member in json.EnumerateObject())
        {
            if (reader.Read(member.Value, JsonMembers.Index(path, member.Name)) is { } policy)
                policies[member.Name] = policy;
        }

        return policies.ToImmutable();
    }
}
