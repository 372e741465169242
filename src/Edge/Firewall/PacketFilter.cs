using System.Net;
using Microsoft.Extensions.Logging;
using Tunnel.Edge.Connecting;
using Tunnel.Shared.Protocol.Messages;

namespace Tunnel.Edge.Firewall;

/// <summary>Puts the parts of the packet filter together.</summary>
internal static class PacketFilter
{
    public static FirewallController Create(
        TunnelEdgeOptions options, Hello identity, PinStore pins, IPacketFilterObserver observer, TimeProvider time, ILogger logger) => new(
        options.Firewall,
        new FirewallPlanner(options.Firewall, options.ProtectedPorts, time),
        new NftTable(NftProcess.OfMachine(), identity.Generation, identity.Instance),
        new HubProbe(options.HubHost, options.HubPort, () => options.InsecureSkipVerify ? [] : pins.Current, Dns.GetHostAddressesAsync, time),
        observer,
        time,
        logger);
}
