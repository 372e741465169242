using Tunnel.Hub.Blocks;
using Tunnel.Hub.Edges.Live;
using Tunnel.Hub.Edges.State;
using Tunnel.Hub.Events;
using Tunnel.Hub.Status;
using Tunnel.Hub.Traffic;
using Tunnel.Shared.Observability;

namespace Tunnel.Hub.Admin;

/// <summary>What the admin API needs of the hub.</summary>
internal interface IAdministeredHub
{
    /// <summary>The allowed edges.</summary>
    EdgeStore Edges { get; }

    /// <summary>The sources that are blocked for a while.</summary>
    BlockList Blocks { get; }

    /// <summary>What no block may touch.</summary>
    NeverBlocked NeverBlocked { get; }

    /// <summary>How the hub is now; tokens name its tunnel port where nothing else is said.</summary>
    HubStatus GetStatus();

    /// <summary>What of the hub stands still; null when it takes edges and clients.</summary>
    Task<string?> FindFaultAsync();

    /// <summary>Ends the tunnels of an edge, which may connect again.</summary>
    Task DisconnectAsync(string edgeId);

    /// <summary>Whether an edge has a tunnel that counts.</summary>
    bool IsConnected(string edgeId);

    /// <summary>Sends a secret that the hub takes already to the edge, and waits until it has kept it.</summary>
    Task<SecretPush> PushSecretAsync(string edgeId, string secret);

    /// <inheritdoc cref="TunnelHub.GetCertificate"/>
    CertificateStatus GetCertificate();

    /// <inheritdoc cref="TunnelHub.MakeNextCertificate"/>
    CertificateStatus MakeNextCertificate();

    /// <inheritdoc cref="TunnelHub.SwitchCertificate"/>
    CertificateStatus SwitchCertificate();

    /// <inheritdoc cref="TunnelHub.GetHubAddress"/>
    HubAddressStatus GetHubAddress();

    /// <inheritdoc cref="TunnelHub.AnnounceHubAddress"/>
    HubAddressStatus AnnounceHubAddress(string? address);

    /// <summary>What happens.</summary>
    HubEventFeed Events { get; }

    /// <summary>What passes.</summary>
    TrafficRegistry Traffic { get; }

    /// <summary>Its metrics.</summary>
    PrometheusExporter Metrics { get; }

    /// <summary>The hub's clock.</summary>
    TimeProvider Time { get; }
}
