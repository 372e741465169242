using System.Collections.Immutable;
using Tunnel.Shared.Operator;

namespace Tunnel.Hub.Edges.State;

/// <summary>The status of a change.</summary>
public enum EdgeUpdateStatus
{
    /// <summary>The change is in force (or, in a dry run, would be).</summary>
    Applied,

    /// <summary>The change is not valid; nothing was changed.</summary>
    Invalid,

    /// <summary>There is no edge of this id.</summary>
    NotFound,

    /// <summary>An edge of this id already exists.</summary>
    AlreadyExists,

    /// <summary>The present version is not the one that the caller named, or there is none yet.</summary>
    PreconditionFailed,
}

/// <summary>The outcome of a change of the allowed edges: applied, or refused as a whole with every fault.</summary>
public sealed record EdgeUpdateResult
{
    /// <summary>Why nothing was changed; empty when the change was applied (or, in a dry run, would have been).</summary>
    public ImmutableArray<Fault> Errors { get; init; } = [];

    /// <summary>The warnings of what was accepted but deserves a look, such as well-known ports that another service may own.</summary>
    public ImmutableArray<Fault> Warnings { get; init; } = [];

    /// <summary>The differences by edge and port.</summary>
    public EdgeSetDiff Diff { get; init; } = EdgeSetDiff.Empty;

    /// <summary>The status of the change.</summary>
    public EdgeUpdateStatus Status { get; init; }

    /// <summary>
    /// The secret that was made or accepted, to be shown once in a token. Internal, so that no log prints it by accident.
    /// </summary>
    internal string? NewSecret { get; init; }

    /// <summary>The id of that secret.</summary>
    internal Guid NewSecretId { get; init; }

    /// <summary>The set after the change; without a change, the present set.</summary>
    internal EdgeState After { get; init; } = EdgeState.Empty;

    /// <summary>True when the change was applied.</summary>
    public bool Succeeded => Status == EdgeUpdateStatus.Applied;
}
