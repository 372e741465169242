using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using Tunnel.Bench.Load.Rows;
using Tunnel.Shared.Transport.Quic;

namespace Tunnel.Bench.Load.Resume;

/// <summary>
/// Measures how long it takes until many idle connections answer again once the tunnel that carried them was cut: each sends a byte when it
/// is gone, and wants it back.
/// </summary>
internal static class ResumeRun
{
    private const int Connections = 5_000;
    private static readonly TimeSpan Calm = TimeSpan.FromSeconds(3);

    // A path of QUIC that is silent is given up after 45 s.
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    /// <summary>Measures both transports, so many cuts each; the table is saved after each.</summary>
    public static async Task MeasureAsync(string root, int rounds, Results results, Func<Task> saveAsync)
    {
        foreach (var transport in new[] { "tcpTls", "quic" })
        {
            if (transport == "quic" && !QuicLibrary.TryLoad(out var reason))
            {
                Console.Error.WriteLine($"no quic: {reason}");
                continue;
            }

            await MeasureAsync(root, transport, rounds, results);
            await saveAsync();
        }
    }

    private static async Task MeasureAsync(string root, string transport, int rounds, Results results)
    {
        using var place = new Workplace(root);
        using var targets = new Targets();
        await targets.StartAsync(place);
        using var pair = new ResumePair(transport);
        await pair.StartAsync(place, targets);
        using var clients = new Clients();
        for (var opened = 0; opened < Connections; opened++)
        {
            // One after the other: who comes in thousands at once is turned away where too many wait for their streams.
            clients.Sockets.Add(await Clients.OpenOneAsync(pair, targets.Echo));
            clients.Sockets[^1].ReceiveTimeout = (int)Patience.TotalMilliseconds;
            if (Echo([clients.Sockets[^1]]) > 0)
                throw new InvalidOperationException("a connection does not even begin");
        }

        for (var round = 0; round < rounds; round++)
        {
            await Task.Delay(Calm);
            using var over = new CancellationTokenSource();
            var cpu = pair.Processes.CpuSeconds();
            var tunnel = Task.Run(() => pair.WaitForTunnelAsync(over.Token));
            var cut = Stopwatch.GetTimestamp();
            pair.Cut();
            var lost = await Task.Run(() => Echo(clients.Sockets));
            var all = Stopwatch.GetTimestamp();
            await over.CancelAsync();

            // A loss that was over before it could be seen began with the cut.
            var began = await tunnel ?? cut;
            void Add(string label, double value) =>
                results.Add($"{Connections:N0} idle connections, {(transport == "quic" ? "QUIC" : "TLS")}", "tunnel", new(label, value));
            Add("lost", lost);
            Add("s from the next tunnel until all have echoed", Stopwatch.GetElapsedTime(began, all).TotalSeconds);
            Add("s from the cut until then", Stopwatch.GetElapsedTime(cut, all).TotalSeconds);
            Add("CPU ms for each connection, both ends", (pair.Processes.CpuSeconds() - cpu) * 1000 / Connections);
            var load = await LoadAverage.ReadAsync();
            Add("load average", load);
            Console.Error.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{transport}: {lost} lost, {Stopwatch.GetElapsedTime(began, all).TotalSeconds:F2} s after the next tunnel, load {load}"));
        }
    }

    // Returns how many have not answered.
    private static int Echo(List<Socket> sockets)
    {
        foreach (var socket in sockets)
            Try(() => socket.Send([1]) == 1);
        return sockets.Count(static socket => !Try(() => socket.Receive(new byte[1]) == 1));
    }

    private static bool Try(Func<bool> action)
    {
        try
        {
            return action();
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
