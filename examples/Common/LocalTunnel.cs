using Microsoft.Extensions.Logging.Abstractions;
using Tunnel.Edge;
using Tunnel.Edge.Configuration;
using Tunnel.Hub;
using Tunnel.Hub.Configuration;
using Tunnel.Hub.Edges.Definitions;

namespace Examples;

/// <summary>
/// A hub of this process, and an edge that would run on another machine. The edge listens at all of 127.0.0.0/8, or where a public edge has
/// its public address.
/// </summary>
internal sealed class LocalTunnel : IAsyncDisposable
{
    private const string Secret = "sixteen-characters-or-more";
    private readonly string _state = Directory.CreateTempSubdirectory("tunnel-example-").FullName;
    private TunnelEdge? _edge;

    public LocalTunnel() =>
        Hub = new TunnelHub(
            new TunnelHubOptions { TunnelPort = 0, BindAddress = "127.0.0.1", StateDir = _state }, NullLoggerFactory.Instance);

    public TunnelHub Hub { get; }

    /// <summary>Starts hub and edge, and waits until the edge listens at the port.</summary>
    public async Task StartAsync(int port, PortPolicyDefinition? policy = null)
    {
        await Hub.StartAsync();
        var ports = EdgeDefinition.NoPorts.Add($"tcp/{port}", policy ?? new PortPolicyDefinition());
        await Hub.UpdateAllowedEdgesAsync([new EdgeDefinition { Id = "vps", Secret = Secret, ListenPorts = [port], Ports = ports }]);
        var options = new TunnelEdgeOptions
        {
            HubHost = "127.0.0.1",
            HubPort = Hub.GetStatus().TunnelPort,
            EdgeId = "vps",
            Secret = Secret,
            Pins = [Hub.CertificatePin!],
        };
        _edge = new TunnelEdge(options, NullLoggerFactory.Instance);
        var ready = new TaskCompletionSource();
        _edge.PortsAssigned += (_, _) => ready.TrySetResult();
        await _edge.StartAsync();
        await ready.Task.WaitAsync(TimeSpan.FromSeconds(60));
    }

    public async ValueTask DisposeAsync()
    {
        if (_edge is not null)
            await _edge.DisposeAsync();
        await Hub.DisposeAsync();
        Directory.Delete(_state, recursive: true);
    }
}
