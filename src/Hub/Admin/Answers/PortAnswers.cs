using System.Collections.Immutable;
using Tunnel.Hub.Edges.Definitions;
using Tunnel.Shared.Operator;

namespace Tunnel.Hub.Admin.Answers;

/// <summary>A request to check whether a port could be assigned.</summary>
internal sealed record PortQuestion
{
    /// <summary>A port, or a range such as "8000-8010".</summary>
    public PortRange Port { get; init; }

    /// <summary>"tcp" (the default) or "udp".</summary>
    public required string Protocol { get; init; }

    /// <summary>The edge that the port is for; null: clashes are not checked, since each edge is a machine of its own.</summary>
    public string? Edge { get; init; }

    /// <summary>The settings that the port would have; null: they are not checked.</summary>
    public PortPolicyDefinition? Policy { get; init; }

    /// <summary>The faults of settings that could not be read; they are told together with what is wrong with the others.</summary>
    internal ImmutableArray<Fault> Unreadable { get; init; } = [];
}

/// <summary>The answer whether a port could be assigned.</summary>
internal sealed record PortAnswer
{
    /// <summary>True when a change with this port would be accepted.</summary>
    public required bool Valid { get; init; }

    /// <summary>Why not: out of range, a clash with ports that the edge has, too many, or faults of the settings.</summary>
    public required ImmutableArray<Fault> Errors { get; init; }

    /// <summary>Things to look at: ports that the edge's machine usually needs for itself.</summary>
    public required ImmutableArray<Fault> Warnings { get; init; }

    /// <summary>Edges that already have this port, or one of this range; not a fault, since each is a machine of its own.</summary>
    public required ImmutableArray<string> AssignedTo { get; init; }
}
