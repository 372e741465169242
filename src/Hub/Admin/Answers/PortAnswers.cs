using System.Collections.Immutable;
using Tunnel.Shared.Operator;

namespace Tunnel.Hub.Admin.Answers;

/// <summary>The question whether a port could be assigned.</summary>
internal sealed record PortQuestion
{
    /// <summary>A port, or a range such as "8000-8010".</summary>
    public PortRange Port { get; init; }

    /// <summary>"tcp" (when nothing is said) or "udp".</summary>
    public required string Protocol { get; init; }

    /// <summary>The edge that it is for; null: clashes are not looked for, since edges are machines of their own.</summary>
    public string? Edge { get; init; }
}

/// <summary>Whether a port could be assigned.</summary>
internal sealed record PortAnswer
{
    /// <summary>True: a change with it would be taken.</summary>
    public required bool Valid { get; init; }

    /// <summary>Why it would not: out of range, a clash with ports that the edge has, too many.</summary>
    public required ImmutableArray<Fault> Errors { get; init; }

    /// <summary>What deserves a look: ports that the edge's machine usually needs itself.</summary>
    public required ImmutableArray<Fault> Warnings { get; init; }

    /// <summary>Edges that have this port, or one of this range, already; no fault, as each is a machine of its own.</summary>
    public required ImmutableArray<string> AssignedTo { get; init; }
}
