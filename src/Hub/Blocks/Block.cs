using System.Collections.Immutable;
using Tunnel.Shared.Firewall;

namespace Tunnel.Hub.Blocks;

/// <summary>A source from which edges let nothing in for a limited time.</summary>
public sealed record Block
{
    /// <summary>The address or CIDR in its canonical form; there is one block for each.</summary>
    public required string Ip { get; init; }

    /// <summary>The ids of the edges that it applies to; empty: all edges, including later ones.</summary>
    public ImmutableArray<string> Edges { get; init; } = [];

    /// <summary>When the block was made.</summary>
    public required DateTimeOffset Since { get; init; }

    /// <summary>When the block ends by itself.</summary>
    public required DateTimeOffset Until { get; init; }

    /// <summary>The reason, for the operator; at most 256 characters.</summary>
    public string? Reason { get; init; }

    /// <summary>Whether the block applies to an edge.</summary>
    public bool AppliesTo(string edgeId) => Edges.IsDefaultOrEmpty || Edges.Contains(edgeId);

    /// <summary>The seconds that are left, at least 1 before its end.</summary>
    internal int SecondsLeft(DateTimeOffset now) =>
        (int)Math.Min(Math.Ceiling((Until - now).TotalSeconds), FirewallConfigReader.MaxBlockSeconds);

    /// <summary>Whether another block has the same content; lists are compared by their items.</summary>
    internal bool IsSameAs(Block other) => Edges.SequenceEqual(other.Edges) && this with { Edges = other.Edges } == other;

    internal bool IsOver(DateTimeOffset now) => Until <= now;
}
