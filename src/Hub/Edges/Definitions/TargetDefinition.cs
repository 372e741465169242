using System.Collections.Immutable;

namespace Tunnel.Hub.Edges.Definitions;

/// <summary>One target of a port's pool, as the operator writes it; a member that is null has its default.</summary>
public sealed record TargetDefinition
{
    /// <summary>The weight of a target that names none.</summary>
    public const int DefaultWeight = 1;

    /// <summary>The target's name or address. Each address of a name is a member of the pool.</summary>
    public string Host { get; init; } = "";

    /// <summary>The target's port, 1–65535; null: the port's <c>targetPort</c>, or the one that the client connected to.</summary>
    public int? Port { get; init; }

    /// <summary>The target's share of the clients, 0–1,000; 0 gives it no new ones.</summary>
    public int? Weight { get; init; }

    /// <summary>Whether it is used only when no other target can be.</summary>
    public bool? Backup { get; init; }

    /// <summary>How many connections or sessions each of its addresses may have at once; 0: no limit.</summary>
    public int? MaxConnections { get; init; }
}

/// <summary>The targets of a pool.</summary>
public sealed class TargetList(ImmutableArray<TargetDefinition> targets) : ValueList<TargetDefinition>(targets)
{
    /// <summary>How many targets one pool may have.</summary>
    public const int MaxCount = 1_000;
}
