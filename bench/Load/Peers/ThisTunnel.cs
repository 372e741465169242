using System.Diagnostics;
using System.Net;
using System.Text.Json;

namespace Tunnel.Bench.Load.Peers;

/// <summary>This product: a hub and an edge, PROXY headers off so that the targets need not understand them.</summary>
internal sealed class ThisTunnel : IPeer
{
    public string Name => "tunnel";

    public bool CarriesUdp => true;

    public IPAddress Address { get; } = IPAddress.Parse("127.0.11.1");

    public ProcessGroup Processes { get; } = new();

    ProcessGroup? IPeer.Processes => Processes;

    public async Task StartAsync(Workplace place, Targets targets)
    {
        var port = Workplace.FreePort();
        var socket = place.File("hub.sock");
        var config = place.File("hub.json", JsonSerializer.Serialize(new
        {
            tunnelPort = port,
            bindAddress = "127.0.0.1",
            stateDir = place.File("hub-state"),
            adminSocket = socket,
            logLevel = "warning",
        }));
        Processes.Start(place.Hub, ["run", "--config", config], place.File("hub.log"));
        await Workplace.WaitForAsync(new IPEndPoint(IPAddress.Loopback, port));
        for (var attempt = 0; !File.Exists(socket) && attempt < 100; attempt++) await Task.Delay(50);

        var edges = place.File("edges.json", JsonSerializer.Serialize(new object[]
        {
            new
            {
                id = "bench",
                secret = "bench-secret-of-24-chars",
                listenPorts = targets.TcpPorts.ToArray(),
                listenPortsUdp = new[] { targets.UdpEcho },
                ports = new Dictionary<string, object> { ["default"] = new { proxyProtocol = "off", udpProxyProtocol = "off" } },
            },
        }));
        Run(place.Hub, "apply", "-f", edges, "--admin-socket", socket);
        var token = Run(place.Hub, "edge", "token", "bench", "--host", $"127.0.0.1:{port}", "--admin-socket", socket);
        Processes.Start(
            place.Edge,
            ["run", "--token-file", place.File("token", token), "--bind-address", $"{Address}", "--state-dir", place.File("edge-state"), "--admin-socket", place.File("edge.sock"), "--log-level", "warning"],
            place.File("edge.log"));
        foreach (var target in targets.TcpPorts) await Workplace.WaitForAsync(new IPEndPoint(Address, target));
    }

    public void Dispose() => Processes.Dispose();

    private static string Run(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true })!;
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 ? output.Trim() : throw new InvalidOperationException($"{program} {string.Join(' ', arguments)} failed");
    }
}
