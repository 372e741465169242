using System.Net;
using Microsoft.Extensions.Logging;
using Tunnel.Hub.Events;
using Tunnel.Hub.Keeping;
using Tunnel.Shared.Transport.Proxies;

namespace Tunnel.Hub.Accepting;

/// <summary>The parts that all loops that dial have in common.</summary>
/// <param name="Door">Takes the connections.</param>
/// <param name="Proxies">The proxies on the way to edges.</param>
/// <param name="Pace">Spreads the first dials after the start or a loss.</param>
/// <param name="Events">Is told of failures.</param>
/// <param name="Time">The clock.</param>
/// <param name="Logger">The log.</param>
internal sealed record DialWays(FrontDoor Door, ProxyRules Proxies, DialPace Pace, HubEventFeed Events, TimeProvider Time, ILogger Logger)
{
    /// <summary>Which edges are this hub's to dial among hubs that share their state; null: all.</summary>
    public Leases? Leases { get; init; }

    /// <summary>Sends an edge from the tunnels that it has to the next one.</summary>
    public Action<string> SendAway { get; init; } = static _ => { };

    /// <summary>Returns the addresses of a name.</summary>
    public Func<string, CancellationToken, Task<IPAddress[]>> Resolve { get; init; } = Dns.GetHostAddressesAsync;
}

/// <summary>How often an edge was dialled.</summary>
/// <param name="EdgeId">The edge.</param>
/// <param name="Made">Connections on which the edge has said who it is.</param>
/// <param name="Failed">Tries without one, while the edge had no tunnel with a connection.</param>
internal readonly record struct DialCount(string EdgeId, long Made, long Failed);
