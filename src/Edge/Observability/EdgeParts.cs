using Tunnel.Edge.Connecting;
using Tunnel.Edge.Firewall;
using Tunnel.Edge.Ports;
using Tunnel.Edge.Refusing;
using Tunnel.Shared.Transport;

namespace Tunnel.Edge.Observability;

/// <summary>The parts of an edge that metrics, and much of the status, are read from.</summary>
internal sealed record EdgeParts(
    HubConnections Hubs, RefusalCounters Refusals, PortListeners Ports, TransportContext Transport, FirewallController Firewall)
{
    /// <summary>How many datagrams were lost here, at ports and in tunnels, by reason.</summary>
    public IReadOnlyDictionary<string, long> DatagramsDropped => Transport.Drops.Snapshot().AddRange(Refusals.DatagramsToDictionary());
}
