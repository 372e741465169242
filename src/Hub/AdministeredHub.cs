using System.Collections.Immutable;
using Tunnel.Hub.Admin;
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

namespace Tunnel.Hub;

/// <inheritdoc cref="IAdministeredHub"/>
internal sealed class AdministeredHub(TunnelHub hub, PrometheusExporter metrics) : IAdministeredHub
{
    // The API is served while the hub runs; a request that outlives the run is told that it is over.
    public EdgeStore Edges => hub.Run.Edges;

    public BlockList Blocks => hub.Run.Blocks;

    public NeverBlocked NeverBlocked => hub.NeverBlocked;

    public bool IsConnected(string edgeId) => hub.Run.Live.FindPrimary(edgeId) is not null;

    public Task<SecretPush> PushSecretAsync(string edgeId, Guid secretId, string secret) =>
        hub.Run.Live.PushSecretAsync(edgeId, secretId, secret);

    public CertificateStatus GetCertificate() => hub.GetCertificate();

    public ImmutableArray<HubAddress> FurtherHubs => hub.FurtherHubs;

    public HubAddressStatus GetHubAddress() => hub.GetHubAddress();

    public HubAddressStatus AnnounceHubAddress(string? address) => hub.AnnounceHubAddress(address);

    public CertificateStatus MakeNextCertificate() => hub.MakeNextCertificate();

    public CertificateStatus TakeNextCertificate(PemSource certificate, PemSource key) => hub.TakeNextCertificate(certificate, key);

    public CertificateStatus SwitchCertificate() => hub.SwitchCertificate();

    public HubEventFeed Events => hub.Run.Events;

    public TrafficRegistry Traffic => hub.Run.Traffic;

    public TrafficHistory History => hub.Run.History;

    public TargetPools Pools => hub.Run.Pools;

    public PrometheusExporter Metrics => metrics;

    public TimeProvider Time => hub.Time;

    public Task DisconnectAsync(string edgeId) => hub.DisconnectAsync(edgeId);

    public Task<string?> FindUnreadinessAsync() => hub.FindUnreadinessAsync();

    public HubStatus GetStatus() => hub.GetStatus();
}
