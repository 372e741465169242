using Tunnel.Edge.Configuration;
using Tunnel.Edge.Endpoints;
using Tunnel.Edge.Observability;
using Tunnel.Edge.PublicAddress;
using Tunnel.Edge.Status;
using Tunnel.Shared.Protocol.Tokens;
using Tunnel.Shared.Sockets;
using Tunnel.Shared.Transport;

namespace Tunnel.Edge;

/// <summary>Describes an edge: nothing is kept for it, every part is asked how it is.</summary>
internal static class EdgeStatuses
{
    /// <summary>Returns the present status.</summary>
    /// <param name="parts">The parts of the run.</param>
    /// <param name="options">The settings with which the edge was started.</param>
    /// <param name="publicAddress">The addresses that the world sees.</param>
    /// <param name="crash">What became of the last run.</param>
    /// <param name="descriptors">Knows how many descriptors there may be.</param>
    /// <param name="running">Whether the edge was started and not stopped.</param>
    /// <param name="withPorts">Whether to say what happened at each port, of which there may be thousands.</param>
    public static EdgeStatus Describe(
        EdgeParts parts,
        TunnelEdgeOptions options,
        PublicAddressMonitor publicAddress,
        CrashRecovery crash,
        DescriptorGuard descriptors,
        bool running,
        bool withPorts)
    {
        var hubs = parts.Hubs;
        var main = hubs.Main;
        var (connection, tunnel, hub) = (main.Connector.Status, main.Connector.Current, main.Renewals.Current);
        var ports = parts.Ports.GetState();
        var carried = hubs.Totals.GetCounters();
        return new EdgeStatus
        {
            Running = running,
            Connected = connection.Connected,
            EdgeId = options.EdgeId,
            Dial = options.HubDials ? "hub" : "edge",
            Hub = options.HubDials ? $"port {options.HubPort}" : hub.Name,
            Hubs = options.HubDials ? [] : [.. hubs.Links.Select(static link => link.Describe())],
            Warnings = hubs.Warnings,
            Proxy = options.HubDials ? null : options.Proxy.HopTo(hub.Host, hub.Port)?.Server.ToString(),
            HubAddress = connection.Address?.ToString(),
            Transport = connection.Transport?.Word(),
            TransportMode = options.Transport.Word(),
            TransportReason = connection.Choice?.Word,
            TransportDetail = connection.Choice?.Detail,
            Since = connection.Since,
            LostSince = connection.LostSince,
            Lanes = tunnel?.Lanes ?? 0,
            MaxPacket = main.Connector.MaxPacket,
            Rtt = tunnel?.RoundTripTime?.TotalMilliseconds,
            PublicIp = publicAddress.Current.Primary?.ToString(),
            PublicIpv6 = publicAddress.Current.IPv6?.ToString(),
            ActiveStreams = hubs.Totals.ActiveStreams,
            ActiveSessions = hubs.Totals.ActiveSessions,
            ListenPorts = ports.NumbersOf(PortProtocol.Tcp),
            ListenPortsUdp = ports.NumbersOf(PortProtocol.Udp),
            FailedPorts = ports.ToFailures(),
            Ports = withPorts ? parts.Ports.GetStatistics() : [],
            BytesIn = carried.BytesSent,
            BytesOut = carried.BytesReceived,
            LastError = connection.LastError,
            Crash = crash.Crash,
            NextAttempt = connection.NextAttempt,
            DescriptorLimit = descriptors.Limit,
            TcpMemory = parts.Transport.TcpMemory.Status,
            Firewall = parts.Firewall.Status,
            Refused = parts.Refusals.ToDictionary(),
            Strangers = parts.Strangers,
            DatagramsDropped = parts.DatagramsDropped,
        };
    }
}
