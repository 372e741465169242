using System.Net.Sockets;
using Tunnel.Bench.Load.Peers;

namespace Tunnel.Bench.Load.Rows;

/// <summary>Clients that ask nginx for pages without end and read nothing, with one healthy echo beside them.</summary>
internal sealed class Stalled(string name, int readers) : IRow
{
    // Small requests, many of them: the answers are what fills the path.
    private static readonly byte[] Requests = System.Text.Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat("GET / HTTP/1.1\r\nHost: x\r\n\r\n", 2000)));

    public string Name => name;

    public async Task<IReadOnlyList<Figure>> RunAsync(IPeer peer, Targets targets, int seconds)
    {
        using var healthy = await Clients.OpenOneAsync(peer, targets.Echo);

        // A process's first code is not what it is compared with.
        await Task.Run(() => Echo.Measure(healthy, TimeSpan.FromSeconds(3)));
        var (_, before) = await Task.Run(() => Echo.Measure(healthy, TimeSpan.FromSeconds(2)));
        using var clients = await Clients.OpenAsync(peer, targets.Http, readers);
        foreach (var socket in clients.Sockets)
        {
            socket.ReceiveBufferSize = 4096;
            socket.Blocking = false;
            socket.Send(Requests, 0, Requests.Length, SocketFlags.None, out _);
        }

        await Task.Delay(TimeSpan.FromSeconds(5));
        var (_, p99) = await Task.Run(() => Echo.Measure(healthy, TimeSpan.FromSeconds(seconds)));
        var figures = new List<Figure> { new("p99 ms", p99), new("p99 ratio to alone", p99 / before) };
        if (peer.Processes is { } processes) figures.Add(new("MB", processes.ResidentBytes() / 1e6));
        return figures;
    }
}
