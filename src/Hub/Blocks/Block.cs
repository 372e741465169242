using System.Collections.Immutable;
using Tunnel.Shared.Firewall;

namespace Tunnel.Hub.Blocks;

/// <summary>A source that edges let nothing in from, for a while.</summary>
public sealed record Block
{
    /// <summary>The address or CIDR, in its canonical form; there is one block of each.</summary>
    public required string Ip { get; init; }

    /// <summary>At which edges; empty: at all of them, those that come later included.</summary>
    public ImmutableArray<string> Edges { get; init; } = [];

    /// <summary>When it was made.</summary>
    public required DateTimeOffset Since { get; init; }

    /// <summary>When it ends by itself.</summary>
    public required DateTimeOffset Until { get; init; }

    /// <summary>Why, for the operator; at most 256 characters.</summary>
    public string? Reason { get; init; }

    /// <summary>Whether it concerns an edge.</summary>
    public bool AppliesTo(string edgeId) => Edges.IsDefaultOrEmpty || Edges.Contains(edgeId);

    /// <summary>Seconds that are left, at least 1 before its end.</summary>
    internal int SecondsLeft(DateTimeOffset now) =>
        (int)Math.Min(Math.Ceiling((Until - now).TotalSeconds), FirewallConfigReader.MaxBlockSeconds);

    internal bool IsOver(DateTimeOffset now) => Until <= now;
}
