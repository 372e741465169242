using System.Diagnostics;
using System.Net;
using Tunnel.Bench.Load.Peers;
using Tunnel.Bench.Load.Rows;

namespace Tunnel.Bench.Load.Scale;

/// <summary>Measures how cost grows with the streams of one tunnel, and with the edges of one hub.</summary>
internal static class ScaleRun
{
    private const string Secret = "bench-secret-of-24-chars";

    public static async Task MeasureAsync(string root, int rounds, int seconds, Results results)
    {
        for (var round = 0; round < rounds; round++)
        {
            foreach (var streams in new[] { 1, 100, 9_000 })
                await MeasureStreamsAsync(root, streams, seconds, results);
            foreach (var edges in new[] { 1, 100, 1_000 })
                await MeasureEdgesAsync(root, edges, seconds, results);
        }
    }

    // Requests go through some connections while the others are open and idle, to see whether silent ones cost the others anything.
    private static async Task MeasureStreamsAsync(string root, int streams, int seconds, Results results)
    {
        using var place = new Workplace(root);
        using var targets = new Targets();
        await targets.StartAsync(place);
        using var peer = new ThisTunnel();
        await peer.StartAsync(place, targets);
        using var idle = await Clients.OpenAsync(peer, targets.Echo, streams - 1);
        var row = new Http("", 64, keepAlive: true);
        await row.RunAsync(peer, targets, 2);
        foreach (var figure in await row.RunAsync(peer, targets, seconds))
            results.Add($"64 connections with requests, {streams:N0} open", "tunnel", figure);
        Console.Error.WriteLine($"{streams} streams done");
    }

    private static async Task MeasureEdgesAsync(string root, int edges, int seconds, Results results)
    {
        using var place = new Workplace(root);
        using var processes = new ProcessGroup();
        var hub = new IPEndPoint(IPAddress.Loopback, Workplace.FreePort());
        using var admin = await TunnelPair.StartHubAsync(place, hub, (program, arguments, log) => processes.Start(program, arguments, log));
        await admin.ApplyAsync(Edges(edges, firstPort: 10_000));
        var row = $"{edges:N0} edges";
        void Add(string label, double value) => results.Add(row, "tunnel", new Figure(label, value));

        await Task.Delay(1_000);
        var (memory, cpu) = (processes.ResidentBytes(), processes.CpuSeconds());
        await using var swarm = new EdgeSwarm(hub, Secret);
        var connected = await swarm.ConnectAsync(edges);
        Add("all connected, s", connected.TotalSeconds);
        Add("hub CPU ms per connect", (processes.CpuSeconds() - cpu) * 1000 / edges);
        Add("hub KB per edge", (processes.ResidentBytes() - memory) / 1024.0 / edges);

        cpu = processes.CpuSeconds();
        await Task.Delay(TimeSpan.FromSeconds(4 * seconds));
        Add("hub CPU ms a second, idle", (processes.CpuSeconds() - cpu) * 1000 / (4 * seconds));

        var (before, start) = (swarm.Configs, Stopwatch.GetTimestamp());
        await admin.ApplyAsync(Edges(edges, firstPort: 20_000));
        while (swarm.Configs < before + edges && Stopwatch.GetElapsedTime(start).TotalSeconds < 60)
            await Task.Delay(1);
        Add("new ports at all edges, ms (apply and push)", Stopwatch.GetElapsedTime(start).TotalMilliseconds);
        Console.Error.WriteLine($"{edges} edges done");
    }

    private static IEnumerable<object> Edges(int count, int firstPort) => Enumerable.Range(0, count)
        .Select(number => (object)new { id = EdgeSwarm.IdOf(number), secret = Secret, listenPorts = new[] { firstPort + number } });
}
