namespace Tunnel.Hub.Edges.Definitions;

/// <summary>
/// How many new clients a second a port admits by how fast its targets accept connections; a member that is null has its default.
/// </summary>
public sealed record AdaptiveDefinition
{
    /// <summary>Seconds between two decisions, 1–3,600; 10 by default.</summary>
    public int? EvaluationInterval { get; init; }

    /// <summary>The latency in milliseconds that 95 of 100 connections should stay below, 1–60,000; 500 by default.</summary>
    public int? LatencyThresholdMs { get; init; }

    /// <summary>The fewest new clients a second that are admitted, 1–1,000,000; 10 by default.</summary>
    public int? MinRate { get; init; }

    /// <summary>The most, and what is admitted at first, 1–1,000,000; 1,000 by default.</summary>
    public int? MaxRate { get; init; }

    /// <summary>The time between two decisions.</summary>
    internal TimeSpan Interval => TimeSpan.FromSeconds(EvaluationInterval ?? 10);

    /// <summary>The latency in force, in milliseconds.</summary>
    internal int Threshold => LatencyThresholdMs ?? 500;

    /// <summary>The lowest rate in force.</summary>
    internal int Least => MinRate ?? Math.Min(10, Most);

    /// <summary>The highest rate in force.</summary>
    internal int Most => MaxRate ?? Math.Max(1_000, MinRate ?? 0);
}
