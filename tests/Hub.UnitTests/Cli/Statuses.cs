using Tunnel.Hub.Edges.Presence;
using Tunnel.Hub.Status;
using Tunnel.Shared.Transport;

namespace Tunnel.Hub.UnitTests.Cli;

/// <summary>Statuses for what prints them.</summary>
internal static class Statuses
{
    public static AllowedEdgeStatus Edge(string id, EdgeCondition state) =>
        new() { EdgeId = id, State = state, Secrets = 1, Tcp = new EdgePortsStatus("443", "", ""), Udp = new EdgePortsStatus("", "", "") };

    public static ConnectedEdgeStatus Connected(string id) => new()
    {
        EdgeId = id,
        Since = default,
        Remote = "192.0.2.1:1",
        Transport = TransportKind.TcpTls,
        Tunnels = 1,
        Lanes = 1,
        ActiveStreams = 0,
        ActiveSessions = 0,
        ListenPorts = [],
        ListenPortsUdp = [],
        Rev = 1,
        BytesIn = 0,
        BytesOut = 0,
        StreamsOpened = 0,
    };

    public static HubStatus Hub(params AllowedEdgeStatus[] edges) =>
        new() { Running = true, TunnelPort = 8443, Version = "1", AllowedEdges = edges.Length, Edges = [.. edges] };
}
