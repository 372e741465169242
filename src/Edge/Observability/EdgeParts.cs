using System.Collections.Immutable;
using Tunnel.Edge.Connecting;
using Tunnel.Edge.Connecting.Awaiting;
using Tunnel.Edge.Firewall;
using Tunnel.Edge.Ports;
using Tunnel.Edge.Refusing;
using Tunnel.Shared.Transport;

namespace Tunnel.Edge.Observability;

/// <summary>The parts of an edge that metrics, and much of the status, are read from.</summary>
internal sealed record EdgeParts(
    HubConnections Hubs, TunnelLosses Losses, RefusalCounters Refusals, PortListeners Ports, TransportContext Transport,
    FirewallController Firewall, HubAwaiter? Awaiter)
{
    /// <summary>
    /// Counts what came to the port at which the hub is awaited and was none of its, by reason; empty where this edge dials.
    /// </summary>
    public IReadOnlyDictionary<string, long> Strangers => Awaiter?.Strangers.ToDictionary() ?? ImmutableDictionary<string, long>.Empty;

    /// <summary>How many datagrams were lost here, at ports and in tunnels, by reason.</summary>
    public IReadOnlyDictionary<string, long> DatagramsDropped => Transport.Drops.Snapshot().AddRange(Refusals.DatagramsToDictionary());
}
