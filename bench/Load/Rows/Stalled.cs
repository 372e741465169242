using System.Net.Sockets;
using Tunnel.Bench.Load.Peers;

namespace Tunnel.Bench.Load.Rows;

/// <summary>
/// Clients that each ask nginx for a large file and read nothing, with one healthy echo beside them, measured when all of them are stalled.
/// </summary>
internal sealed class Stalled(string name, int readers) : IRow
{
    private static readonly TimeSpan AtMost = TimeSpan.FromSeconds(60);

    public string Name => name;

    public async Task<IReadOnlyList<Figure>> RunAsync(IPeer peer, Targets targets, int seconds)
    {
        using var healthy = await Clients.OpenOneAsync(peer, targets.Echo);

        // The stalled state is not to be compared with a process's first code.
        await Task.Run(() => Echo.Measure(healthy, TimeSpan.FromSeconds(3)));
        var (_, before) = await Task.Run(() => Echo.Measure(healthy, TimeSpan.FromSeconds(seconds)));
        using var clients = await Clients.OpenAsync(peer, targets.Files, readers);
        foreach (var socket in clients.Sockets)
        {
            socket.ReceiveBufferSize = 4096;
            socket.Send("GET /large HTTP/1.1\r\nHost: x\r\n\r\n"u8);
        }

        await WaitUntilStalledAsync(peer.Processes);
        var (_, p99) = await Task.Run(() => Echo.Measure(healthy, TimeSpan.FromSeconds(seconds)));
        var figures = new List<Figure> { new("p99 ms", p99), new("p99 ratio to alone", p99 / before) };
        if (peer.Processes is { } processes)
            figures.Add(new("MB", processes.ResidentBytes() / 1e6));
        figures.Add(
            new(
                "reset",
                clients.Sockets.Count(static socket => socket.GetSocketOption(SocketOptionLevel.Socket, SocketOptionName.Error) is not 0)));
        return figures;
    }

    // This waits until the tunnel's processes do next to nothing for two seconds. The direct way has none, and the five seconds are enough.
    private static async Task WaitUntilStalledAsync(ProcessGroup? processes)
    {
        await Task.Delay(TimeSpan.FromSeconds(5));
        if (processes is null)
            return;
        var quiet = 0;
        for (var waited = TimeSpan.Zero; quiet < 2; waited += TimeSpan.FromSeconds(1))
        {
            if (waited > AtMost)
                throw new InvalidOperationException($"still busy after {AtMost.TotalSeconds} s");
            var cpu = processes.CpuSeconds();
            await Task.Delay(TimeSpan.FromSeconds(1));
            quiet = processes.CpuSeconds() - cpu < 0.1 ? quiet + 1 : 0;
        }
    }
}
