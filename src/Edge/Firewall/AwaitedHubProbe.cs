using System.Net;
using Tunnel.Edge.Connecting.Awaiting;
using Tunnel.Shared.Transport;

namespace Tunnel.Edge.Firewall;

/// <summary>
/// Asks the hub, where the hub dials, over the tunnel to make another connection, which ends before the edge says who it is.
/// </summary>
internal sealed class AwaitedHubProbe(HubAwaiter awaiter, Func<DialRequest> request, TimeProvider time) : IHubProbe
{
    public IReadOnlyCollection<IPAddress> KnownAddresses => [];

    public async Task<string?> TryAsync(CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(HubProbe.Limit, time);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        try
        {
            return await awaiter.ProbeAsync(request(), limit.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return $"the hub, which dials this edge, made no new connection within {HubProbe.Limit.TotalSeconds:0} s";
        }
    }
}
