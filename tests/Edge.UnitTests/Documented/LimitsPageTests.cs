using Tunnel.Edge.Admin;
using Tunnel.Edge.Admission;
using Tunnel.Edge.Configuration;
using Tunnel.Edge.Ports;
using Tunnel.Edge.Tcp;
using Tunnel.Edge.Udp;
using Tunnel.Shared.Protocol.Frames;
using Tunnel.TestUtilities;

namespace Tunnel.Edge.UnitTests.Documented;

/// <summary>The page of limits has the numbers of the edge's code.</summary>
public sealed class LimitsPageTests
{
    [Fact]
    public void Of_the_edge()
    {
        var defaults = new TunnelEdgeOptions { HubHost = "", EdgeId = "", Secret = "" };
        LimitsPage.AssertSays("ports that an edge binds", PortLimit.Max);
        LimitsPage.AssertSays("clients that wait for a tunnel", defaults.HoldClients, (long)defaults.HoldTime.TotalSeconds);
        LimitsPage.AssertSays("clients that wait for their turn", ClientTurns.Most, (long)ClientTurns.Patience.TotalSeconds);
        LimitsPage.AssertSays("clients of a port whose balancer", PortConnections.MaxWaiting);
        LimitsPage.AssertSays("addresses of one port", PortAdmission.MaxAddresses);
        LimitsPage.AssertSays("UDP sessions of an edge", defaults.MaxUdpSessions, defaults.MaxUdpSessionsPerAddress);
        LimitsPage.AssertSays("one UDP datagram", FrameRules.MaxDatagram);
        LimitsPage.AssertSays("answers to a UDP client", AmplificationGuard.MaxFactor);
        LimitsPage.AssertSays("memory for what was received", defaults.FlowControl.MemoryBudget >> 20);
        LimitsPage.AssertSays("events that an edge keeps", EdgeEventLog.Capacity);
        LimitsPage.AssertSays("scrapers at `metricsListen`", EdgeAdmin.MaxScrapers);
        LimitsPage.AssertSays("how long open connections outlive", (long)defaults.ResumeGrace.TotalSeconds);
        LimitsPage.AssertSays("drain at a stop", (long)defaults.DrainTimeout.TotalSeconds);
    }
}
