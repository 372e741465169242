using Tunnel.Bench.Load.Peers;

namespace Tunnel.Bench.Load.Rows;

/// <summary>Measures the memory of connections that do nothing, after one request each.</summary>
internal sealed class Idle(string name, int connections) : IRow
{
    public string Name => name;

    public async Task<IReadOnlyList<Figure>> RunAsync(IPeer peer, Targets targets, int seconds)
    {
        if (peer.Processes is not { } processes)
            return [];
        var empty = processes.ResidentBytes();
        using var clients = await Clients.OpenAsync(peer, targets.Http, connections);
        var buffer = new byte[4096];
        foreach (var socket in clients.Sockets)
        {
            socket.Send("GET / HTTP/1.1\r\nHost: x\r\n\r\n"u8);
            if (socket.Receive(buffer) == 0)
                throw new InvalidOperationException("an idle connection was closed");
        }

        await Task.Delay(TimeSpan.FromSeconds(3));
        return [new("MB before", empty / 1e6), new("KB each", (processes.ResidentBytes() - empty) / 1e3 / connections)];
    }
}
