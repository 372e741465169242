using Tunnel.Hub.Certificates;

namespace Tunnel.Hub.Edges.Definitions;

/// <summary>How the hub speaks TLS to a port's targets; a member that is null has its default.</summary>
public sealed record UpstreamTlsDefinition
{
    /// <summary>The name that is asked for, and that the target's certificate has to be for; null: the target's name or address.</summary>
    public string? Sni { get; init; }

    /// <summary>Whether the target's certificate is checked; true by default.</summary>
    public bool? Verify { get; init; }

    /// <summary>The authorities of targets; null: those of the system.</summary>
    public PemSource? Ca { get; init; }

    /// <summary>A certificate and its key that targets are shown; null: none.</summary>
    public PemSource? ClientCert { get; init; }
}
