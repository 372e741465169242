namespace Tunnel.Hub.Traffic;

/// <summary>How many new clients a port with <c>adaptive</c> admits, and why.</summary>
public sealed record AdmissionStatus
{
    /// <summary>New connections a second that are admitted now.</summary>
    public required int Rate { get; init; }

    /// <summary>The most that may be admitted.</summary>
    public required int MaxRate { get; init; }

    /// <summary>The milliseconds that 95 of the last 100 connections did not exceed; null: there was none in the last minute.</summary>
    public double? LatencyP95Ms { get; init; }

    /// <summary>The milliseconds that they should not exceed.</summary>
    public required int LatencyThresholdMs { get; init; }
}
