using System.Net;
using Tunnel.Shared.Transport;

namespace Tunnel.Edge.Firewall;

/// <summary>
/// Where the hub dials, this machine can't make a connection to it. No firewall of the hub's blocks the port at which it is awaited, which
/// is protected; what is asked is whether the tunnel is there.
/// </summary>
internal sealed class AwaitedHubProbe(Func<TransportKind?> inUse) : IHubProbe
{
    public IReadOnlyCollection<IPAddress> KnownAddresses => [];

    public Task<string?> TryAsync(CancellationToken cancellationToken) =>
        Task.FromResult(inUse() is null ? "the hub is not connected" : null);
}
