using System.Net;
using Microsoft.Extensions.Logging;
using Tunnel.Edge.Configuration;
using Tunnel.Edge.Connecting;
using Tunnel.Edge.Connecting.Awaiting;
using Tunnel.Edge.Refusing;
using Tunnel.Shared.Protocol.Messages;
using Tunnel.Shared.Transport;
using Tunnel.Shared.Transport.Quic;
using TransportContext = Tunnel.Shared.Transport.TransportContext;

namespace Tunnel.Edge.Firewall;

/// <summary>Creates the packet filter from its parts.</summary>
internal static class PacketFilter
{
    public static FirewallController Create(
        TunnelEdgeOptions options, HubAwaiter? awaiter, HubRenewals renewals, Hello identity, PinStore pins, TransportContext transport,
        Func<TransportKind?> inUse, ISourceBlocker blocker,
        IPacketFilterObserver observer, ILogger logger) => new(
        options.Firewall,
        new FirewallPlanner(options.Firewall, options.ProtectedPorts, transport.Time),
        new NftTable(NftProcess.OfMachine(), EdgeIdentity.Of(options), identity.Instance, transport.Time),
        awaiter is not null ? new AwaitedHubProbe(
            awaiter,
            () => ProbeRequest.To(new IPEndPoint(IPAddress.None, options.HubPort), options, pins.Current),
            transport.Time) : new HubProbe(
            () => renewals.Current,
            options.Proxy,
            () =>
                new HubWays(
                    renewals.ApplyTo(options), () => options.InsecureSkipVerify ? [] : pins.Current,
                    QuicLibrary.TryLoad(out _) ? new QuicTunnelDialer(transport) : null, inUse).Needed,
            Dns.GetHostAddressesAsync,
            transport.Time),
        blocker,
        observer,
        transport.Time,
        logger);
}
