using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Tunnel.Bench.Load.Peers;

namespace Tunnel.Bench.Load.Hostile;

/// <summary>
/// A hub, two honest edges with an echo behind each, one that is there only to flood, and the upstreams; fresh processes.
/// </summary>
internal sealed class HostileWorld : IDisposable
{
    /// <summary>The id of the edge whose clients flood.</summary>
    public const string Beside = "beside";

    private const string Apart = "apart";
    private const string Hostile = "hostile";
    private const string Secret = "bench-secret-of-24-chars";

    private static readonly IPAddress ApartAddress = IPAddress.Parse("127.0.12.1");
    private static readonly IPAddress BesideAddress = IPAddress.Parse("127.0.12.2");

    private readonly Workplace _place;
    private readonly ProcessGroup _echo = new();
    private readonly int _echoPort = Workplace.FreePort();
    private readonly FloodOrder _order;

    private HostileWorld(Workplace place, string kind, string transport, int hubPort)
    {
        _place = place;
        _order = new FloodOrder
        {
            Kind = kind,
            IsQuic = transport == "quic",
            Hub = $"127.0.0.1:{hubPort}",
            EdgeId = Hostile,
            Secret = Secret,
            Edge = $"{BesideAddress}",
            DialPort = Workplace.FreePort(),
            ClosingPort = Workplace.FreePort(),
            SourcePort = Workplace.FreePort(),
            OpenPort = _echoPort,
            UdpPort = Workplace.FreePort(),
            HostileHub = $"127.0.0.1:{Workplace.FreePort()}",
            AdminSocket = place.File("hub.sock"),
        };
    }

    /// <summary>The hub.</summary>
    public ProcessGroup Hub { get; } = new();

    /// <summary>The edge whose clients flood, where it is clients that do.</summary>
    public ProcessGroup Edge { get; } = new();

    /// <summary>The other edge.</summary>
    public ProcessGroup OtherEdge { get; } = new();

    /// <summary>The program that floods, and the upstreams that the flood ends at.</summary>
    public ProcessGroup Flooding { get; } = new();

    /// <summary>Starts all processes.</summary>
    /// <param name="place">The directory that they use.</param>
    /// <param name="kind">The flood that they are for.</param>
    /// <param name="transport">The transport by which the honest edges reach the hub.</param>
    public static async Task<HostileWorld> StartAsync(Workplace place, string kind, string transport)
    {
        var world = new HostileWorld(place, kind, transport, Workplace.FreePort());
        try
        {
            await world.StartAsync(transport);
            return world;
        }
        catch
        {
            world.Dispose();
            throw;
        }
    }

    /// <summary>Makes the definition of an edge for the hub.</summary>
    /// <param name="id">The edge's id.</param>
    /// <param name="order">The order that has the ports.</param>
    /// <param name="morePorts">Further TCP ports.</param>
    /// <param name="secret">The edge's secret; null leaves it as it is.</param>
    public static object Definition(string id, FloodOrder order, int[] morePorts, string? secret = null) => new
    {
        id,
        secret,
        dial = IsDialled(id, order) ? "hub" : "edge",
        dialAddress = IsDialled(id, order) ? $"{order.Edge}:{order.DialPort}" : null,
        listenPorts = new[] { order.OpenPort, order.ClosingPort, order.SourcePort }.Concat(morePorts).ToArray(),
        listenPortsUdp = new[] { order.UdpPort },
        ports = new Dictionary<string, object> { ["default"] = new { proxyProtocol = "off", udpProxyProtocol = "off" } },
    };

    private static bool IsDialled(string id, FloodOrder order) => id == Beside && order.Kind == HostileFlood.Strangers;

    /// <summary>Starts the program that floods.</summary>
    public Task<FloodProcess> StartFloodAsync() => FloodProcess.StartAsync(Flooding, _order, _place.File("flood.log"));

    /// <summary>Starts a program that only computes.</summary>
    public Task<FloodProcess> StartBurnAsync(ProcessGroup group) =>
        FloodProcess.StartAsync(group, _order with { Kind = "burn" }, _place.File("burn.log"));

    /// <summary>Opens a connection to the echo behind the edge that nobody floods.</summary>
    public Task<Socket> OpenApartAsync() => OpenAsync(ApartAddress);

    /// <summary>
    /// Opens a connection to the echo behind another port of the edge that clients flood; where a hub floods its edge, behind an edge that
    /// has nothing to do with it.
    /// </summary>
    public Task<Socket> OpenBesideAsync() => OpenAsync(HostileFlood.IsOfHub(_order.Kind) ? ApartAddress : BesideAddress);

    /// <summary>The processor seconds of the hub and both edges.</summary>
    public double CpuSeconds() => Hub.CpuSeconds() + Edge.CpuSeconds() + OtherEdge.CpuSeconds();

    public void Dispose()
    {
        Flooding.Dispose();
        Edge.Dispose();
        OtherEdge.Dispose();
        Hub.Dispose();
        _echo.Dispose();
    }

    private async Task StartAsync(string transport)
    {
        var (echo, arguments) = EchoProgram.ServerAt(new IPEndPoint(IPAddress.Loopback, _echoPort));
        _echo.Start(echo, arguments, _place.File("echo.log"));
        string[] ports = ["sink", $"{_order.ClosingPort}", $"{_order.SourcePort}", $"{_order.UdpPort}"];
        Flooding.Start(Environment.ProcessPath!, ports, _place.File("sink.log"));
        var hub = _order.HubEndPoint;
        using var admin = await TunnelPair.StartHubAsync(_place, hub, (program, words, log) => Hub.Start(program, words, log));
        await admin.ApplyAsync(new[] { Apart, Beside, Hostile }.Select(id => Definition(id, _order, [], Secret)));
        await StartEdgeAsync(OtherEdge, Apart, ApartAddress);
        if (HostileFlood.IsOfHub(_order.Kind))
            StartVictim();
        else
            await StartEdgeAsync(Edge, Beside, BesideAddress);

        async Task StartEdgeAsync(ProcessGroup group, string id, IPAddress address)
        {
            await TunnelPair.WriteTokenAsync(_place, admin, id, hub);
            TunnelPair.StartEdge(_place, id, address, transport, (program, words, log) => group.Start(program, words, log));
            await Workplace.WaitForAsync(new IPEndPoint(address, _echoPort));
        }
    }

    // The edge waits for its hub, which is the program that floods.
    private void StartVictim()
    {
        var config = _place.File("victim.json", JsonSerializer.Serialize(new
        {
            hubHost = $"{_order.HostileHubEndPoint.Address}",
            hubPort = _order.HostileHubEndPoint.Port,
            edgeId = Hostile,
            secret = Secret,
            insecureSkipVerify = true,
            bindAddress = $"{BesideAddress}",
            stunServers = Array.Empty<string>(),
            firewall = "off",
            stateDir = _place.File("victim-state"),
            adminSocket = _place.File("victim.sock"),
            logLevel = "information",
        }));
        Edge.Start(_place.Edge, ["run", "--config", config], _place.File("victim.log"));
    }

    private async Task<Socket> OpenAsync(IPAddress edge)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true, ReceiveTimeout = 30_000 };
        await socket.ConnectAsync(edge, _echoPort);
        return socket;
    }
}
