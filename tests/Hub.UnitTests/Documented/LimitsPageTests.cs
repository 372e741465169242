using Tunnel.Hub.Admin;
using Tunnel.Hub.Admin.Access;
using Tunnel.Hub.Certificates;
using Tunnel.Hub.Configuration;
using Tunnel.Hub.Doctor;
using Tunnel.Hub.Edges.Definitions;
using Tunnel.Hub.Edges.Live;
using Tunnel.Hub.Edges.Secrets;
using Tunnel.Hub.Events;
using Tunnel.Hub.Forwarding.Authorizing;
using Tunnel.Hub.Forwarding.Entering;
using Tunnel.Hub.History;
using Tunnel.Hub.Hooks;
using Tunnel.Hub.Traffic;
using Tunnel.Shared.Firewall;
using Tunnel.Shared.Hosting;
using Tunnel.Shared.Hosting.Replacing;
using Tunnel.Shared.Operator;
using Tunnel.Shared.Protocol.Addresses;
using Tunnel.Shared.Protocol.Handshake;
using Tunnel.Shared.Protocol.Sni;
using Tunnel.Shared.Protocol.Tokens;
using Tunnel.Shared.Sockets;
using Tunnel.Shared.Transport;
using Tunnel.TestUtilities;

namespace Tunnel.Hub.UnitTests.Documented;

/// <summary>The page of limits has the numbers of the hub's code and of what both programs share.</summary>
public sealed class LimitsPageTests
{
    private const int Mebi = 1 << 20;

    [Fact]
    public void Of_edges_and_ports()
    {
        LimitsPage.AssertSays("edges in the set", new HubLimits().Edges);
        LimitsPage.AssertSays("ports of one edge", EdgeSetValidator.MaxPortsPerEdge, EdgeSetValidator.MaxPortsInAll);
        Assert.Equal(EdgeSetValidator.MaxPortsPerEdge, PortList.MaxPorts);
        LimitsPage.AssertSays("id of an edge", EdgeLine.MaxEdgeIdLength);
        LimitsPage.AssertSays("secret that is chosen", 16, EdgeLine.MaxSecretLength);
        LimitsPage.AssertSays("secrets of one edge at once", EdgeSecrets.Max);
        LimitsPage.AssertSays("definition of one edge", AdminRequest.MaxBody / Mebi, EdgeSetValidator.MaxSetBytes / Mebi);
        LimitsPage.AssertSays("hubs of one edge", 1 + HubAddress.MaxFurther);
        LimitsPage.AssertSays("token", ConnectionToken.MaxLength, ConnectionTokenParser.MaxPins);
    }

    [Fact]
    public void Of_targets_and_TLS()
    {
        LimitsPage.AssertSays("targets of a port", TargetList.MaxCount);
        LimitsPage.AssertSays("routes of a port", RouteDefinition.MaxCount, CertificateDefinition.MaxCount);
        LimitsPage.AssertSays("PEM text", PemSource.MaxLength);
        LimitsPage.AssertSays("CIDRs of one list", CidrSet.MaxCount, PortPolicyValidator.MaxCidrsPerEdge);
        LimitsPage.AssertSays("`authorizeUrl`", Authorizer.MaxAsking, Authorizer.MaxKept, AuthorizeConnections.Most);
        LimitsPage.AssertSays("a client's TLS greeting", ClientHelloReader.MaxLength >> 10, Seconds(HelloStep.Limit), HelloStep.MaxWaiting);
        LimitsPage.AssertSays("TLS handshakes with clients", TlsStep.MaxUnderWay, Seconds(TlsStep.Limit));
        LimitsPage.AssertSays("code in `TunnelHub.AddHook`", Seconds(HookRunner.Limit), HookRunner.MaxWaiting);
    }

    [Fact]
    public void Of_tunnels_and_the_firewall()
    {
        var limits = new HubLimits();
        LimitsPage.AssertSays("streams of one edge", limits.StreamsPerEdge);
        LimitsPage.AssertSays("lanes of one tunnel", limits.LanesPerTunnel);
        Assert.Equal(LaneOptions.Limit, limits.LanesPerTunnel);
        LimitsPage.AssertSays("tunnels of one edge", TunnelCrowd.MaxTunnels);
        LimitsPage.AssertSays("strangers at the tunnel port", limits.Unauthenticated, limits.PerAddress);
        LimitsPage.AssertSays("time to authenticate", Seconds(limits.AuthTimeout));
        LimitsPage.AssertSays("wrong secrets", limits.FailedTriesPerMinute);
        LimitsPage.AssertSays("a new process that takes over", Seconds(HandOver.Limit) / 60);
        LimitsPage.AssertSays("`firewallConfig`", EdgeSetValidator.MaxFirewallBytes / Mebi);
        LimitsPage.AssertSays(
            "its blocked sources", FirewallConfigReader.MaxBlocked, FirewallConfigReader.MaxRateLimits, FirewallConfigReader.MaxRules);
        LimitsPage.AssertSays("blocks for a while", FirewallConfigReader.MaxTimedBlocks);
        LimitsPage.AssertSays("edges that one block names", BlocksEndpoints.MaxEdges, BlocksEndpoints.MaxReason);
    }

    [Fact]
    public void Of_the_API()
    {
        LimitsPage.AssertSays("body of a request", AdminRequest.MaxBody / Mebi, AdminRequest.MaxSetBody / Mebi);
        LimitsPage.AssertSays("page of streams", TrafficQuery.MaxLimit);
        LimitsPage.AssertSays("page of edges", EdgesQuery.MaxLimit);
        LimitsPage.AssertSays("readers of events", HubEventFeed.MaxReaders, EventHistory.Capacity, EventSubscription.Capacity);
        LimitsPage.AssertSays("connections kept", ConnectionLog.DefaultCapacity);
        LimitsPage.AssertSays("edges with a history", TrafficHistory.MaxEdges, HistoryEndpoints.MaxEdges);
        LimitsPage.AssertSays("links of `tunnel-hub page`", LoginCodes.MaxCodes);
        LimitsPage.AssertSays("upstreams that `tunnel-hub doctor`", UpstreamsCheck.Most, Seconds(TcpReach.Limit));
        LimitsPage.AssertSays("path of an admin socket", AdminSocketFile.MaxPathBytes);
        LimitsPage.AssertSays("descriptors of a program", DescriptorGuard.MinLimit);
    }

    private static long Seconds(TimeSpan time) => (long)time.TotalSeconds;
}
