using System.Collections.Immutable;
using Tunnel.Shared.Operator;

namespace Tunnel.Hub.Edges.Definitions;

/// <summary>
/// Changes single ports of an edge's definition. Ranges stay ranges: changing a part of one splits it, and the rest keeps its entry.
/// </summary>
internal static class EdgePorts
{
    /// <summary>Finds the own entry of the ports; it is empty when they have none.</summary>
    /// <param name="edge">The edge.</param>
    /// <param name="key">The ports, all of which have to be assigned.</param>
    /// <param name="parts">Entries for only some of the ports, if there are any; then there is no single answer.</param>
    /// <returns>Null when not all of the ports are assigned, or when there are such parts.</returns>
    public static PortPolicyDefinition? Find(EdgeDefinition edge, PortKey key, out ImmutableArray<PortKey> parts)
    {
        parts = [];
        if (!IsAssigned(edge, key))
            return null;
        foreach (var (own, policy) in Entries(edge, key))
        {
            if (own.Ports.Contains(key.Ports))
                return policy;
            parts = parts.Add(own);
        }

        return parts.IsEmpty ? new PortPolicyDefinition() : null;
    }

    /// <summary>Whether all of these ports are assigned.</summary>
    public static bool IsAssigned(EdgeDefinition edge, PortKey key) => Missing(edge, key).Count == 0;

    /// <summary>Whether any of these ports is assigned.</summary>
    public static bool IsAnyAssigned(EdgeDefinition edge, PortKey key) => List(edge, key.Udp).Any(key.Ports.Overlaps);

    /// <summary>Returns the edge with these ports assigned and this policy as their entry.</summary>
    public static EdgeDefinition Put(EdgeDefinition edge, PortKey key, PortPolicyDefinition policy)
    {
        edge = WithList(edge, key.Udp, [.. List(edge, key.Udp), .. Missing(edge, key)]);
        var entries = Without(edge, key);
        return edge with { Ports = policy == new PortPolicyDefinition() ? entries : entries.SetItem(key.ToString(), policy) };
    }

    /// <summary>Returns the edge without these ports and their entries; null when none of them is assigned.</summary>
    public static EdgeDefinition? Remove(EdgeDefinition edge, PortKey key) =>
        IsAnyAssigned(edge, key)
            ? WithList(edge, key.Udp, [.. List(edge, key.Udp).SelectMany(range => range.Without(key.Ports))]) with
            {
                Ports = Without(edge, key),
            }
            : null;

    private static List<PortRange> Missing(EdgeDefinition edge, PortKey key)
    {
        List<PortRange> missing = [key.Ports];
        foreach (var range in List(edge, key.Udp).Where(key.Ports.Overlaps))
            missing = [.. missing.SelectMany(part => part.Without(range))];
        return missing;
    }

    private static ImmutableSortedDictionary<string, PortPolicyDefinition> Without(EdgeDefinition edge, PortKey key)
    {
        var entries = edge.Ports;
        foreach (var (own, policy) in Entries(edge, key).ToList())
        {
            entries = entries.Remove(own.ToString());
            foreach (var part in own.Ports.Without(key.Ports))
                entries = entries.SetItem(new PortKey(key.Udp, part).ToString(), policy);
        }

        return entries;
    }

    private static IEnumerable<(PortKey Key, PortPolicyDefinition Policy)> Entries(EdgeDefinition edge, PortKey key)
    {
        foreach (var (name, policy) in edge.Ports)
        {
            if (PortKey.TryParse(name, out var own) && own.Overlaps(key))
                yield return (own, policy);
        }
    }

    private static ImmutableArray<PortRange> List(EdgeDefinition edge, bool udp) => udp ? edge.ListenPortsUdp : edge.ListenPorts;

    private static EdgeDefinition WithList(EdgeDefinition edge, bool udp, ImmutableArray<PortRange> ports) =>
        udp ? edge with { ListenPortsUdp = ports } : edge with { ListenPorts = ports };
}
