using System.Collections.Immutable;
using System.Net;
using Microsoft.Extensions.Logging;
using Tunnel.Edge.Configuration;
using Tunnel.Edge.Connecting;
using Tunnel.Edge.Connecting.Awaiting;
using Tunnel.Edge.Refusing;
using Tunnel.Shared.Protocol.Messages;
using Tunnel.Shared.Transport.Quic;
using TransportContext = Tunnel.Shared.Transport.TransportContext;

namespace Tunnel.Edge.Firewall;

/// <summary>Creates the packet filter from its parts.</summary>
internal static class PacketFilter
{
    public static FirewallController Create(
        TunnelEdgeOptions options, HubAwaiter? awaiter, ImmutableArray<HubLink> hubs, Hello identity, TransportContext transport,
        ISourceBlocker blocker, IPacketFilterObserver observer, ILogger logger) => new(
        options.Firewall,
        new FirewallPlanner(options.Firewall, options.ProtectedPorts, transport.Time),
        new NftTable(NftProcess.OfMachine(), EdgeIdentity.Of(options), identity.Instance, transport.Time),
        awaiter is not null ? new AwaitedHubProbe(
            awaiter,
            () => ProbeRequest.To(new IPEndPoint(IPAddress.None, options.HubPort), options, hubs[0].Record.Pins.Current),
            transport.Time)
        : hubs is [var only] ? Probe(only, transport)
        : new HubProbes([.. hubs.Select(hub => ((IHubProbe)Probe(hub, transport), IsConnected(hub)))]),
        blocker,
        observer,
        transport.Time,
        logger);

    private static HubProbe Probe(HubLink hub, TransportContext transport) => new(
        () => hub.Renewals.Current,
        hub.Options.Proxy,
        () =>
            new HubWays(
                hub.Renewals.ApplyTo(hub.Options), () => hub.Options.InsecureSkipVerify ? [] : hub.Record.Pins.Current,
                QuicLibrary.TryLoad(out _) ? new QuicTunnelDialer(transport) : null, () => hub.Connector.Current?.Kind).Needed,
        Dns.GetHostAddressesAsync,
        transport.Time);

    private static Func<bool> IsConnected(HubLink hub) => () => hub.Connector.Status.Connected;
}
