using System.Collections.Immutable;
using Tunnel.Hub.Edges.Definitions;
using Tunnel.Hub.Status;

namespace Tunnel.Hub.Doctor;

/// <summary>What the running hub says of itself, and whether it runs on this machine.</summary>
internal sealed record HubDoctorContext
{
    /// <summary>How it is.</summary>
    public required HubStatus Status { get; init; }

    /// <summary>Its certificate.</summary>
    public required CertificateStatus Certificate { get; init; }

    /// <summary>The allowed edges.</summary>
    public required ImmutableArray<EdgeDefinition> Edges { get; init; }

    /// <summary>Its metrics, in Prometheus's text format.</summary>
    public string Metrics { get; init; } = "";

    /// <summary>What of it stands still; null when it is ready.</summary>
    public string? NotReady { get; init; }

    /// <summary>It is another machine's: what lies there can't be seen from here.</summary>
    public bool IsElsewhere { get; init; }
}
