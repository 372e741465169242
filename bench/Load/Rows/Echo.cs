using System.Diagnostics;
using System.Net.Sockets;
using Tunnel.Bench.Load.Peers;

namespace Tunnel.Bench.Load.Rows;

/// <summary>Sends one byte to an echo server and back, alone or beside bulk uploads.</summary>
internal sealed class Echo(string name, int uploads) : IRow
{
    public string Name => name;

    public async Task<IReadOnlyList<Figure>> RunAsync(IPeer peer, Targets targets, int seconds)
    {
        var bulk = uploads > 0 ? Bulk.TransferAsync(peer, targets.IperfBeside, uploads, down: false, seconds + 1) : null;
        if (bulk is not null)
            await Task.Delay(500);
        using var socket = await Clients.OpenOneAsync(peer, targets.Echo);
        var (p50, p99) = await Task.Run(() => Measure(socket, TimeSpan.FromSeconds(seconds - 0.5)));
        List<Figure> figures = [new("p50 ms", p50), new("p99 ms", p99)];
        if (bulk is not null)
            figures.Add(new("bulk Gbit/s", await bulk * 8 / (seconds + 1) / 1e9));
        return figures;
    }

    /// <summary>
    /// Makes round trips on a thread of its own, a millisecond apart, by blocking calls, so that our own scheduling adds least.
    /// </summary>
    public static (double P50, double P99) Measure(Socket socket, TimeSpan duration)
    {
        var samples = new List<double>();
        var buffer = new byte[1];
        var start = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(start) < duration)
        {
            var sent = Stopwatch.GetTimestamp();
            socket.Send(buffer);
            if (socket.Receive(buffer) == 0)
                throw new InvalidOperationException("the echo connection was closed");
            samples.Add(Stopwatch.GetElapsedTime(sent).TotalMilliseconds);
            Thread.Sleep(1);
        }

        samples.Sort();
        return (samples[samples.Count / 2], samples[samples.Count * 99 / 100]);
    }
}
