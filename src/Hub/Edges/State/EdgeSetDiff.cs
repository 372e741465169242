using System.Collections.Immutable;

namespace Tunnel.Hub.Edges.State;

/// <summary>The effect of a change on the set, by edge and port.</summary>
public sealed record EdgeSetDiff
{
    /// <summary>A change without any difference.</summary>
    public static EdgeSetDiff Empty { get; } = new();

    /// <summary>The edges that are added, removed or changed, by id; unchanged ones are left out.</summary>
    public ImmutableArray<EdgeDiff> Edges { get; init; } = [];

    /// <summary>True when nothing changes.</summary>
    public bool IsEmpty => Edges.IsEmpty;
}

/// <summary>How an edge differs.</summary>
public enum EdgeDiffKind
{
    /// <summary>The edge is new.</summary>
    Added,

    /// <summary>The edge stays, but is different.</summary>
    Changed,

    /// <summary>The edge is removed; its tunnels end.</summary>
    Removed,
}

/// <summary>The differences of one edge.</summary>
public sealed record EdgeDiff
{
    /// <summary>The id of the edge.</summary>
    public required string Id { get; init; }

    /// <summary>Whether the edge is added, changed or removed.</summary>
    public required EdgeDiffKind Kind { get; init; }

    /// <summary>The ports that are opened, such as <c>tcp/443</c>.</summary>
    public ImmutableArray<string> PortsAdded { get; init; } = [];

    /// <summary>The ports that are closed.</summary>
    public ImmutableArray<string> PortsRemoved { get; init; } = [];

    /// <summary>The ports that stay open with another policy.</summary>
    public ImmutableArray<string> PortsChanged { get; init; } = [];

    /// <summary>
    /// The names of other members that change, such as <c>enabled</c> or <c>firewallConfig</c>; of a secret only its name is shown.
    /// </summary>
    public ImmutableArray<string> Members { get; init; } = [];
}
