using System.Collections.Immutable;

namespace Tunnel.Hub.Edges.State;

/// <summary>What a change does to the set, by edge and port.</summary>
public sealed record EdgeSetDiff
{
    /// <summary>No difference.</summary>
    public static EdgeSetDiff Empty { get; } = new();

    /// <summary>Edges that come, go or change, by id; the unchanged are left out.</summary>
    public ImmutableArray<EdgeDiff> Edges { get; init; } = [];

    /// <summary>True when nothing changes.</summary>
    public bool IsEmpty => Edges.IsEmpty;
}

/// <summary>What happens to an edge.</summary>
public enum EdgeDiffKind
{
    /// <summary>It is new.</summary>
    Added,

    /// <summary>It stays, differently.</summary>
    Changed,

    /// <summary>It goes; its tunnels end.</summary>
    Removed,
}

/// <summary>What happens to one edge.</summary>
public sealed record EdgeDiff
{
    /// <summary>Its id.</summary>
    public required string Id { get; init; }

    /// <summary>What happens.</summary>
    public required EdgeDiffKind Kind { get; init; }

    /// <summary>Ports that are opened, such as <c>tcp/443</c>.</summary>
    public ImmutableArray<string> PortsAdded { get; init; } = [];

    /// <summary>Ports that are closed.</summary>
    public ImmutableArray<string> PortsRemoved { get; init; } = [];

    /// <summary>Ports that stay open with another policy.</summary>
    public ImmutableArray<string> PortsChanged { get; init; } = [];

    /// <summary>Names of other members that change, such as <c>enabled</c> or <c>firewallConfig</c>; a secret only by its name.</summary>
    public ImmutableArray<string> Members { get; init; } = [];
}
