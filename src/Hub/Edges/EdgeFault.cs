using System.Collections.Immutable;

namespace Tunnel.Hub.Edges;

/// <summary>One thing wrong with what an operator wrote.</summary>
/// <param name="Path">Where: a JSON path such as <c>$[2].ports['tcp/443'].targetPort</c>.</param>
/// <param name="Value">What stands there, as JSON and shortened; a secret is masked.</param>
/// <param name="Message">What would be valid.</param>
public sealed record EdgeFault(string Path, string Value, string Message)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Path}: {Value}: {Message}";
}

/// <summary>The outcome of a change of the allowed edges: applied, or refused as a whole with every fault.</summary>
public sealed record EdgeUpdateResult
{
    /// <summary>Why nothing was changed; empty when the change was applied (or, in a dry run, would have been).</summary>
    public ImmutableArray<EdgeFault> Errors { get; init; } = [];

    /// <summary>What was accepted but deserves a look, such as well-known ports that another service may own.</summary>
    public ImmutableArray<EdgeFault> Warnings { get; init; } = [];

    /// <summary>What changed, by edge and port.</summary>
    public EdgeSetDiff Diff { get; init; } = EdgeSetDiff.Empty;

    /// <summary>True when there was no error.</summary>
    public bool Succeeded => Errors.IsEmpty;
}
