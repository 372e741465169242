using System.Collections.Immutable;

namespace Tunnel.Hub.Edges.Allowed;

/// <summary>
/// Which ports of which edges use what the hub keeps once for all that want the same, so that it is forgotten when none does any more. Not
/// thread-safe.
/// </summary>
/// <typeparam name="TUsed">What is used, compared by value.</typeparam>
internal sealed class PortUsers<TUsed>
{
    private readonly Dictionary<string, ILookup<TUsed, int>> _byEdge = [];

    /// <summary>Notes what an edge's ports use from now on.</summary>
    /// <returns>False when they use nothing, and did not before.</returns>
    public bool Note(string edgeId, ILookup<TUsed, int> used)
    {
        if (used.Count == 0)
            return _byEdge.Remove(edgeId);
        _byEdge[edgeId] = used;
        return true;
    }

    /// <summary>Whether a port of any edge uses it.</summary>
    public bool IsUsed(TUsed one) => _byEdge.Values.Any(ports => ports.Contains(one));

    /// <summary>Returns what each edge uses, with its ports.</summary>
    public IEnumerable<(string EdgeId, TUsed Used, ImmutableArray<int> Ports)> List() =>
        from edge in _byEdge
        from ports in edge.Value
        select (edge.Key, ports.Key, ports.ToImmutableArray());
}
