using System.Collections.Immutable;
using Tunnel.Hub.Edges.Definitions;
using Tunnel.Hub.Status;
using Tunnel.Hub.Traffic;

namespace Tunnel.Hub.Doctor;

/// <summary>The running hub's report about itself, and whether it runs on this machine.</summary>
internal sealed record HubDoctorContext
{
    /// <summary>The hub's status.</summary>
    public required HubStatus Status { get; init; }

    /// <summary>The hub's certificate.</summary>
    public required CertificateStatus Certificate { get; init; }

    /// <summary>The allowed edges.</summary>
    public required ImmutableArray<EdgeDefinition> Edges { get; init; }

    /// <summary>The edge that was asked about; null: all.</summary>
    public string? EdgeId { get; init; }

    /// <summary>Asks the hub for the present counters of its edges' ports.</summary>
    public required Func<CancellationToken, Task<ImmutableArray<PortStatus>>> AskPortsAsync { get; init; }

    /// <summary>The hub's metrics, in Prometheus's text format.</summary>
    public string Metrics { get; init; } = "";

    /// <summary>Which part of the hub stands still; null when it is ready.</summary>
    public string? NotReady { get; init; }

    /// <summary>Whether the hub is on another machine, whose files can't be seen from here.</summary>
    public bool IsElsewhere { get; init; }
}
