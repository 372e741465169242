using System.Collections.Immutable;
using System.Net;

namespace Tunnel.Edge.Firewall;

/// <summary>
/// Probes several hubs: a new connection must reach each of those that the edge is connected with, so that a firewall takes none of them
/// away unnoticed. A hub whose tunnel ends meanwhile does not speak against the firewall. Without any tunnel, one hub is enough.
/// </summary>
/// <param name="hubs">The way to each hub, and whether the edge is connected with it now.</param>
internal sealed class HubProbes(ImmutableArray<(IHubProbe Probe, Func<bool> IsConnected)> hubs) : IHubProbe
{
    public IReadOnlyCollection<IPAddress> KnownAddresses => [.. hubs.SelectMany(static hub => hub.Probe.KnownAddresses)];

    public async Task<string?> TryAsync(CancellationToken cancellationToken)
    {
        var faults = await Task.WhenAll(hubs.Select(hub => hub.Probe.TryAsync(cancellationToken)));
        var connected = hubs.Zip(faults).Where(static hub => hub.First.IsConnected()).ToArray();
        return connected.Length > 0
            ? connected.Select(static hub => hub.Second).FirstOrDefault(static fault => fault is not null)
            : faults.Contains(null) ? null : faults[0];
    }
}
