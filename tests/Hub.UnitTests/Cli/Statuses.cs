using System.Collections.Immutable;
using Tunnel.Hub.Edges.Presence;
using Tunnel.Hub.Status;
using Tunnel.Hub.Targets.Pools;
using Tunnel.Hub.Traffic;
using Tunnel.Shared.Transport;

namespace Tunnel.Hub.UnitTests.Cli;

/// <summary>Makes statuses for the code that shows them.</summary>
internal static class Statuses
{
    public static AllowedEdgeStatus Edge(string id, EdgeCondition state) =>
        new() { EdgeId = id, State = state, Secrets = 1, Tcp = new EdgePortsStatus("443", "", ""), Udp = new EdgePortsStatus("", "", "") };

    public static HubStatus Hub(params AllowedEdgeStatus[] edges) =>
        new() { Running = true, TunnelPort = 8443, Version = "1", AllowedEdges = edges.Length, Edges = [.. edges] };

    public static ConnectedEdgeStatus Connected(string id) => new()
    {
        EdgeId = id,
        Since = DateTimeOffset.UtcNow,
        Remote = "192.0.2.7:4711",
        Transport = TransportKind.TcpTls,
        Tunnels = 1,
        Lanes = 2,
        Rtt = 12.3,
        ActiveStreams = 3,
        ActiveSessions = 1,
        ListenPorts = [443],
        ListenPortsUdp = [],
        Rev = 1,
        BytesIn = 4096,
        BytesOut = 1024,
        StreamsOpened = 4,
    };

    public static PortStatus Port(string edge) => new()
    {
        EdgeId = edge,
        Port = 443,
        Proto = "tcp",
        Listening = true,
        Healthy = true,
        ActiveConnections = 3,
        TotalConnections = 10,
        BytesIn = 4096,
        BytesOut = 1024,
    };

    public static TargetStatus Target(TargetState state) => new()
    {
        Target = "10.0.0.5:443",
        State = state,
        Weight = 1,
        Share = 100,
        ActiveConnections = 0,
        TotalConnections = 0,
        FailedConnections = 0,
    };

    public static ImmutableSortedDictionary<string, long> Counts(string reason, long count) =>
        ImmutableSortedDictionary<string, long>.Empty.Add(reason, count);
}
