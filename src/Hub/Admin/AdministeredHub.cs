using Tunnel.Hub.Edges;
using Tunnel.Hub.Events;

namespace Tunnel.Hub.Admin;

/// <inheritdoc cref="IAdministeredHub"/>
internal sealed class AdministeredHub(TunnelHub hub) : IAdministeredHub
{
    // The API is served only while the hub runs.
    public EdgeStore Edges => hub.Edges!;

    public string CertificatePin => hub.CertificatePin!;

    public HubEventFeed Events => hub.Events!;

    public TimeProvider Time => hub.Time;

    public HubStatus GetStatus() => hub.GetStatus();
}
