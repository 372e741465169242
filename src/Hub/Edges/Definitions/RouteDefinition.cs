namespace Tunnel.Hub.Edges.Definitions;

/// <summary>The targets of clients that ask for a name.</summary>
public sealed record RouteDefinition
{
    /// <summary>How many routes a port may have.</summary>
    public const int MaxCount = 1_000;

    /// <summary>The name, or <c>*.</c> and a name for all below it; in lower case.</summary>
    public string Sni { get; init; } = "";

    /// <summary>The targets, at least one.</summary>
    public TargetList? Targets { get; init; }
}
