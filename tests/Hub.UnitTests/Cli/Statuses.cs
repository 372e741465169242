using Tunnel.Hub.Edges.Presence;
using Tunnel.Hub.Status;

namespace Tunnel.Hub.UnitTests.Cli;

/// <summary>Statuses for what prints them.</summary>
internal static class Statuses
{
    public static AllowedEdgeStatus Edge(string id, EdgeCondition state) =>
        new() { EdgeId = id, State = state, Secrets = 1, Tcp = new EdgePortsStatus("443", "", ""), Udp = new EdgePortsStatus("", "", "") };

    public static HubStatus Hub(params AllowedEdgeStatus[] edges) =>
        new() { Running = true, TunnelPort = 8443, Version = "1", AllowedEdges = edges.Length, Edges = [.. edges] };
}
