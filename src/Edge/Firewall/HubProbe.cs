using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using Tunnel.Edge.Connecting;
using Tunnel.Edge.Endpoints;
using Tunnel.Shared.Transport.Proxies;

namespace Tunnel.Edge.Firewall;

/// <summary>
/// Makes a new connection to the hub in the way the next tunnel would: it resolves the name anew and uses the current transport with the
/// pin. The connection ends before the edge says who it is.
/// </summary>
internal sealed class HubProbe(
    Func<HubAccess> hub, ProxyRules proxies, Func<ImmutableArray<HubWay>> ways, NameResolver resolver, TimeProvider time) : IHubProbe
{
    /// <summary>The limit for the name and the connection together. An edge could not work with a hub that takes longer.</summary>
    internal static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);

    private volatile IPAddress[] _known = [];

    public IReadOnlyCollection<IPAddress> KnownAddresses => _known;

    public async Task<string?> TryAsync(CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(Limit, time);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        try
        {
            return await TryAllAsync(limit.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return $"{hub().Host} port {hub().Port} did not answer within {Limit.TotalSeconds:0} s";
        }
        finally
        {
            await limit.CancelAsync();
        }
    }

    private async Task<string?> TryAllAsync(CancellationToken cancellationToken)
    {
        var (host, port, _) = hub();
        if (proxies.HopTo(host, port) is { } hop)
            (host, port) = (hop.Server.Host, hop.Server.Port);
        try
        {
            _known = IPAddress.TryParse(host, out var literal)
                ? [literal]
                : await resolver(host, cancellationToken).WaitAsync(cancellationToken);
        }
        catch (SocketException e)
        {
            return $"the name {host} can't be resolved: {e.Message}";
        }

        var error = $"the name {host} has no addresses";
        // All addresses are tried at once, because one address family may never have had a route here.
        var attempts = ways().SelectMany(way => _known.Select(address => way(new IPEndPoint(address, port), cancellationToken)));
        await foreach (var attempt in Task.WhenEach(attempts))
        {
            if (await attempt is not { } fault)
                return null;
            error = fault;
        }

        return error;
    }
}
