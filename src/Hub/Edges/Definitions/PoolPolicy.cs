namespace Tunnel.Hub.Edges.Definitions;

/// <summary>How a port's clients are spread over its targets. Resolved; a port that says nothing of this has none.</summary>
public sealed record PoolPolicy
{
    /// <summary>The targets; null: the port's <c>targetHost</c> alone.</summary>
    public TargetList? Targets { get; init; }

    /// <summary>How a member is chosen.</summary>
    public Balance Balance { get; init; }

    /// <summary>How the members are checked; null: not at all.</summary>
    public HealthCheckDefinition? HealthCheck { get; init; }

    /// <summary>The circuit breaker of each member; null: none.</summary>
    public BreakerDefinition? Breaker { get; init; }

    /// <summary>
    /// When less than this share of the targets can be used, in percent, all are used whatever their state is; 0: never.
    /// </summary>
    public int PanicThreshold { get; init; }

    /// <summary>
    /// The time in which a recovered member gets its whole weight back; null: a quarter more with each good check, or at once without them.
    /// </summary>
    public TimeSpan? SlowStart { get; init; }
}
