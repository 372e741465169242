using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using Tunnel.Edge;
using Tunnel.Edge.Configuration;
using Tunnel.Hub;
using Tunnel.Hub.Configuration;
using Tunnel.Hub.Edges.Definitions;

const string secret = "sixteen-characters-or-more";
var state = Directory.CreateTempSubdirectory("tunnel-").FullName;
using var service = new TcpListener(IPAddress.Loopback, 0);
service.Start();
var toService = new PortPolicyDefinition { TargetPort = ((IPEndPoint)service.LocalEndpoint).Port, ProxyProtocol = ProxyProtocol.Off };
await using var hub = new TunnelHub(
    new TunnelHubOptions { TunnelPort = 0, BindAddress = "127.0.0.1", StateDir = state }, NullLoggerFactory.Instance);
hub.EdgeConnected += (_, e) => Console.WriteLine($"{e.EdgeId} has come from {e.Remote}");
await hub.StartAsync();
await hub.UpdateAllowedEdgesAsync(
    [
        new EdgeDefinition
        {
            Id = "vps",
            Secret = secret,
            ListenPorts = [18080],
            Ports = EdgeDefinition.NoPorts.Add("tcp/18080", toService),
        }]);

var edgeOptions = new TunnelEdgeOptions
{
    HubHost = "127.0.0.1",
    HubPort = hub.GetStatus().TunnelPort,
    EdgeId = "vps",
    Secret = secret,
    Pins = [hub.CertificatePin!],
};
await using var edge = new TunnelEdge(edgeOptions, NullLoggerFactory.Instance);
var ready = new TaskCompletionSource();
edge.PortsAssigned += (_, _) => ready.TrySetResult();
await edge.StartAsync();
await ready.Task.WaitAsync(TimeSpan.FromSeconds(30));
Console.WriteLine(
    $"port {string.Join(", ", hub.GetStatus().Edges.Select(allowed => allowed.Tcp.Wanted))} is wanted, the edge is "
        + $"{(edge.GetStatus().Connected ? "connected" : "away")}");

using (var client = new TcpClient("127.0.0.1", 18080))
using (var served = await service.AcceptTcpClientAsync())
{
    await served.GetStream().WriteAsync("hello through the tunnel\n"u8.ToArray());
    Console.WriteLine(await new StreamReader(client.GetStream()).ReadLineAsync());
}

await edge.StopAsync(TimeSpan.FromSeconds(5));
await hub.StopAsync(TimeSpan.FromSeconds(5));
Directory.Delete(state, recursive: true);
