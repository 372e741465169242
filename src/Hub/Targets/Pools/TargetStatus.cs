namespace Tunnel.Hub.Targets.Pools;

/// <summary>Whether a member of a pool gets clients.</summary>
public enum TargetState
{
    /// <summary>It gets its share.</summary>
    Up,

    /// <summary>Its health checks fail.</summary>
    Down,

    /// <summary>Clients' connections failed in a row: it gets none for a while.</summary>
    BreakerOpen,

    /// <summary>A few connections try whether it works again.</summary>
    BreakerHalfOpen,
}

/// <summary>One member of a port's pool: an address of a target.</summary>
public sealed record TargetStatus
{
    /// <summary>Its address, <c>address:port</c>.</summary>
    public required string Target { get; init; }

    /// <summary>The name that led to the address; null when the target is an address.</summary>
    public string? Host { get; init; }

    /// <summary>The name that clients ask for who are led there; null: the port's own clients.</summary>
    public string? Route { get; init; }

    /// <summary>Whether it gets clients.</summary>
    public required TargetState State { get; init; }

    /// <summary>Since when it is in this state; null: from the beginning.</summary>
    public DateTimeOffset? Since { get; init; }

    /// <summary>Why it gets none, in words; null when it does.</summary>
    public string? Reason { get; init; }

    /// <summary>Its weight.</summary>
    public required int Weight { get; init; }

    /// <summary>The part of the weight that it has while it comes back, in percent; 100 otherwise.</summary>
    public required int Share { get; init; }

    /// <summary>Whether it is used only when no other can be.</summary>
    public bool Backup { get; init; }

    /// <summary>Connections or sessions that it has now.</summary>
    public required int ActiveConnections { get; init; }

    /// <summary>Connections or sessions that it ever got.</summary>
    public required long TotalConnections { get; init; }

    /// <summary>How many of these connections failed.</summary>
    public required long FailedConnections { get; init; }
}
