using System.Globalization;
using System.Net;
using System.Text.Json;
using Tunnel.Bench.Load.Peers;
using Tunnel.Bench.Load.Rows;

namespace Tunnel.Bench.Load.Wan;

/// <summary>The rows over a wide-area link: the direct way and this product, in turn.</summary>
internal static class WanRun
{
    // Slow start is not what is measured.
    private const int WarmUpSeconds = 5;

    private static readonly WanProfile Profile = new(RoundTripMilliseconds: 50, Megabits: 100, QueueMilliseconds: 100);

    public static async Task MeasureAsync(string root, int rounds, int seconds, Results results)
    {
        for (var round = 0; round < rounds; round++)
        {
            foreach (var direct in new[] { true, false })
            {
                using var place = new Workplace(root);
                using var lab = new WanLab();
                await lab.StartAsync(place, Profile);
                using var tunnel = new ProcessGroup();
                var address = direct ? lab.TargetAddress : IPAddress.Loopback;
                if (!direct) await StartTunnelAsync(place, lab, tunnel);
                await RunRowsAsync(lab, address, direct ? "direct" : "tunnel", seconds, results);
                Console.Error.WriteLine($"WAN: {(direct ? "direct" : "tunnel")} done");
            }
        }
    }

    private static async Task StartTunnelAsync(Workplace place, WanLab lab, ProcessGroup processes) =>
        await TunnelPair.StartAsync(place, new TunnelPair.Placement
        {
            HubAddress = lab.TargetAddress,
            HubPort = 8443,
            EdgeAddress = IPAddress.Loopback,
            Start = (isHub, program, arguments, log) => WanLab.Start(processes, isHub ? lab.TargetSide : lab.ClientSide, program, arguments, log),
        }, [lab.Iperf, lab.Echo], []);

    private static async Task RunRowsAsync(WanLab lab, IPAddress address, string peer, int seconds, Results results)
    {
        void Add(string row, string label, double value) => results.Add($"WAN {Profile.RoundTripMilliseconds} ms, {Profile.Megabits} Mbit/s: {row}", peer, new Figure(label, value));

        var (idle, idleTail) = await EchoAsync(lab, address, seconds);
        Add("echo, idle", "p50 ms", idle);
        Add("echo, idle", "p99 ms", idleTail);
        Add("1 stream up", "Mbit/s", (await TransferAsync(lab, address, 1, down: false, seconds)).Sum() / seconds / 1e6);
        Add("1 stream down", "Mbit/s", (await TransferAsync(lab, address, 1, down: true, seconds)).Sum() / seconds / 1e6);

        var elephant = TransferAsync(lab, address, 1, down: false, seconds);
        await Task.Delay(TimeSpan.FromSeconds(WarmUpSeconds));
        var (p50, p99) = await EchoAsync(lab, address, seconds - 1);
        Add("echo beside 1 upload", "p50 ms", p50);
        Add("echo beside 1 upload", "p99 ms", p99);
        Add("echo beside 1 upload", "Mbit/s", (await elephant).Sum() / seconds / 1e6);

        foreach (var streams in new[] { 2, 50 })
        {
            var shares = await TransferAsync(lab, address, streams, down: true, 2 * seconds);
            Add($"{streams} streams down", "Mbit/s", shares.Sum() / (2 * seconds) / 1e6);
            Add($"{streams} streams down", "furthest from an equal share, %", shares.Max(share => Math.Abs((share / shares.Average()) - 1)) * 100);
        }
    }

    private static async Task<(double P50, double P99)> EchoAsync(WanLab lab, IPAddress address, int seconds)
    {
        var words = (await lab.RunAsync(Environment.ProcessPath!, "echo-client", $"{address}", $"{lab.Echo}", $"{seconds}")).Split(' ');
        return (double.Parse(words[0], CultureInfo.InvariantCulture), double.Parse(words[1], CultureInfo.InvariantCulture));
    }

    // Bits of each stream that arrived.
    private static async Task<double[]> TransferAsync(WanLab lab, IPAddress address, int streams, bool down, int seconds)
    {
        List<string> arguments = ["-J", "-c", $"{address}", "-p", $"{lab.Iperf}", "-t", $"{seconds}", "-O", $"{WarmUpSeconds}", "-P", $"{streams}"];
        if (down) arguments.Add("-R");
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                using var json = JsonDocument.Parse(await lab.RunAsync("iperf3", [.. arguments]));
                if (json.RootElement.TryGetProperty("error", out var error)) throw new InvalidOperationException($"iperf3: {error.GetString()}");
                return [.. json.RootElement.GetProperty("end").GetProperty("streams").EnumerateArray().Select(static stream => stream.GetProperty("receiver").GetProperty("bytes").GetDouble() * 8)];
            }
            catch (InvalidOperationException) when (attempt < 5)
            {
                // The server opens its listener anew after each test, and over this link the last one takes a while to end.
                await Task.Delay(1000);
            }
        }
    }
}
