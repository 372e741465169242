using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Tunnel.Bench.Load.Peers;

namespace Tunnel.Bench.Load.Rows;

/// <summary>Sends datagrams to an echo server and back, with so many in flight.</summary>
internal sealed class Udp(string name, int size, int inFlight) : IRow
{
    private const int LossTimeoutMilliseconds = 200;

    public string Name => name;

    public bool NeedsUdp => true;

    public async Task<IReadOnlyList<Figure>> RunAsync(IPeer peer, Targets targets, int seconds)
    {
        var before = peer.Processes?.CpuSeconds() ?? 0;
        var (count, p50) = await Task.Run(
            () => Run(new IPEndPoint(peer.Address, peer.PortOf(targets.UdpEcho)), TimeSpan.FromSeconds(seconds)));
        if (inFlight == 1)
            return [new("RTT p50 ms", p50)];
        var figures = new List<Figure> { new("datagrams/s", count / (double)seconds) };
        if (peer.Processes is { } processes)
            figures.Add(new("CPU µs each", (processes.CpuSeconds() - before) * 1e6 / count));
        return figures;
    }

    private (long Count, double P50) Run(IPEndPoint to, TimeSpan duration)
    {
        using var socket =
            new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp) { ReceiveTimeout = LossTimeoutMilliseconds };
        socket.Connect(to);
        var buffer = new byte[size];
        var samples = new List<double>();
        var count = 0L;
        var start = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(start) < duration)
        {
            // The window is filled at the start, and again after a loss.
            for (var i = 0; i < inFlight; i++)
                socket.Send(buffer);
            var sent = Stopwatch.GetTimestamp();
            while (Stopwatch.GetElapsedTime(start) < duration && socket.Receive(buffer, 0, size, SocketFlags.None, out var error) > 0
                && error == SocketError.Success)
            {
                count++;
                if (inFlight == 1)
                    samples.Add(Stopwatch.GetElapsedTime(sent).TotalMilliseconds);
                sent = Stopwatch.GetTimestamp();
                socket.Send(buffer);
            }
        }

        samples.Sort();
        return (count, samples.Count == 0 ? 0 : samples[samples.Count / 2]);
    }
}
