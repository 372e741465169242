namespace Tunnel.Hub.Edges.Definitions;

/// <summary>What the hub does with the TLS of a port's clients; a member that is null has its default.</summary>
public sealed record TlsDefinition
{
    /// <summary>Whether the hub reads the name that a client asks for, and carries its TLS to the upstream as it is.</summary>
    public bool? Passthrough { get; init; }

    /// <summary>Whether a client that asks for an unknown name, or for none, is refused.</summary>
    public bool? StrictSni { get; init; }
}

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
