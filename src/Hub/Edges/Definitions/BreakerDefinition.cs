namespace Tunnel.Hub.Edges.Definitions;

/// <summary>
/// The circuit breaker of each member of a pool, which clients' own connections drive; a member that is null has its default.
/// </summary>
public sealed record BreakerDefinition
{
    /// <summary>How many connections have to fail in a row before no more are tried, 1–1,000; 5 by default.</summary>
    public int? FailureThreshold { get; init; }

    /// <summary>Seconds until the first one is tried again, 1–3,600; 30 by default.</summary>
    public int? OpenTimeout { get; init; }

    /// <summary>How many may be tried at once then, 1–1,000; 3 by default.</summary>
    public int? HalfOpenMaxRequests { get; init; }

    /// <summary>How many of them have to succeed before the member is used as before, 1–1,000; 2 by default.</summary>
    public int? SuccessThreshold { get; init; }
}
