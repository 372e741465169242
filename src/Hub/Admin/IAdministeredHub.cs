using System.Collections.Immutable;
using Tunnel.Hub.Blocks;
using Tunnel.Hub.Certificates;
using Tunnel.Hub.Edges.Live;
using Tunnel.Hub.Edges.State;
using Tunnel.Hub.Events;
using Tunnel.Hub.History;
using Tunnel.Hub.Status;
using Tunnel.Hub.Targets.Pools;
using Tunnel.Hub.Traffic;
using Tunnel.Shared.Observability;
using Tunnel.Shared.Protocol.Tokens;

namespace Tunnel.Hub.Admin;

/// <summary>The part of the hub that the admin API uses.</summary>
internal interface IAdministeredHub
{
    /// <summary>The allowed edges.</summary>
    EdgeStore Edges { get; }

    /// <summary>The sources that are blocked for a limited time.</summary>
    BlockList Blocks { get; }

    /// <summary>The addresses that no block may touch.</summary>
    NeverBlocked NeverBlocked { get; }

    /// <summary>Returns the hub's present state; tokens name its tunnel port unless a request names another.</summary>
    HubStatus GetStatus();

    /// <summary>Returns which part of the hub stands still; null when it accepts edges and clients.</summary>
    Task<string?> FindUnreadinessAsync();

    /// <summary>Ends the tunnels of an edge, which may connect again.</summary>
    Task DisconnectAsync(string edgeId);

    /// <summary>Whether an edge has a primary tunnel, on which new streams are expected.</summary>
    bool IsConnected(string edgeId);

    /// <summary>Sends the edge a secret that the hub already accepts, and waits until the edge has kept it.</summary>
    Task<SecretPush> PushSecretAsync(string edgeId, Guid secretId, string secret);

    /// <inheritdoc cref="TunnelHub.GetCertificate"/>
    CertificateStatus GetCertificate();

    /// <inheritdoc cref="TunnelHub.MakeNextCertificate"/>
    CertificateStatus MakeNextCertificate();

    /// <inheritdoc cref="TunnelHub.TakeNextCertificate"/>
    CertificateStatus TakeNextCertificate(PemSource certificate, PemSource key);

    /// <inheritdoc cref="TunnelHub.SwitchCertificate"/>
    CertificateStatus SwitchCertificate();

    /// <summary>The setting <c>hubs</c>: the other hubs of its edges.</summary>
    ImmutableArray<HubAddress> FurtherHubs => [];

    /// <inheritdoc cref="TunnelHub.GetHubAddress"/>
    HubAddressStatus GetHubAddress();

    /// <inheritdoc cref="TunnelHub.AnnounceHubAddress"/>
    HubAddressStatus AnnounceHubAddress(string? address);

    /// <summary>The hub's events.</summary>
    HubEventFeed Events { get; }

    /// <summary>The hub's open connections, counters and log of connections.</summary>
    TrafficRegistry Traffic { get; }

    /// <summary>The traffic of the last hour.</summary>
    TrafficHistory History { get; }

    TargetPools Pools { get; }

    /// <summary>The hub's metrics.</summary>
    PrometheusExporter Metrics { get; }

    /// <summary>The hub's clock.</summary>
    TimeProvider Time { get; }
}
